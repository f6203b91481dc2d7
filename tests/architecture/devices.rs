//! What the database keeps of a `User-Agent`, whichever release writes it: while a new one is deployed, the one before
//! goes on for a while beside the new schema.

use headlesspro_shared::identity::device_of;

use crate::plans::database;
use crate::steps::Counted;

#[tokio::test]
async fn what_the_release_before_writes_of_a_device_tells_nobody_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(database(&folder).await);
    let database = Counted::open(&folder.path().join("test.db"));
    // Sessions of nobody's will do.
    database.execute("PRAGMA foreign_keys = OFF");
    let one = |sql: &str| database.query(sql, &[]).0.pop().expect("a row");
    let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0";
    for (number, (written, kept)) in [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        (edge, "Edge on Windows"),
        ("Zebedee''s (iPhone) Safari/604.1", "Safari on iOS"),
        ("curl/8.5.0", "something unknown"),
        ("", "something unknown"),
        // As this release writes them.
        (&device_of(edge), "Edge on Windows"),
        (&device_of("Acme/12 CFNetwork/1568.200.51 Darwin/24.1.0"), "an app on an Apple device"),
        (&device_of("Mozilla/5.0 (X11; CrOS x86_64) Chrome/131.0.0.0 Safari/537.36"), "Chrome on ChromeOS"),
        ("impersonated by usr_01h455vb4pex5vsknk084sn02q", "impersonated by usr_01h455vb4pex5vsknk084sn02q"),
    ]
    .into_iter()
    .enumerate()
    {
        let device = format!("SELECT device FROM session WHERE id = '{number}'");
        database.execute(&format!(
            "INSERT INTO session (id, organization_id, store_id, account_id, generation, token_hash, rotated_at, device,
               created_at, expires_at)
             VALUES ('{number}', 'o', 's', 'a', 1, printf('%064d', 0), 0, '{written}', 0, 0)"
        ));
        assert_eq!(one(&device), kept, "{written}");
        database.execute(&format!("UPDATE session SET device = '{written}' WHERE id = '{number}'"));
        assert_eq!(one(&device), kept, "{written}");
    }
}
