//! Changing one's profile: one read, one commit.

use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::caller::Person;
use crate::identity::store::account::{self, ProfileChange};
use crate::identity::store::one_time;
use crate::identity::usecase::{Account, data_key, opened, unexplained};
use crate::journal::{self, Change, PERSONAL};
use crate::port::sql::{Commit, Committed, Rows};
use crate::vault::Place;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileError {
    VersionMismatch { current: i64 },
}

/// What is to change. The inner `None` takes a value away.
pub struct Wanted {
    pub name: Option<Option<Line<200>>>,
    pub phone: Option<Option<Line<40>>>,
    pub locale: Option<Locale>,
}

/// Changes what is given, where the account is at the expected version, and answers it as it is then.
pub async fn change(
    ctx: &Ctx,
    person: Person,
    wanted: &Wanted,
    expected: Option<i64>,
) -> Result<Account, Failure<ProfileError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let rows = ctx.read(vec![account::by_id(tenant, person.account)]).await?;
    let before = account::account_of(rows.first().and_then(Rows::first).ok_or(Failure::NotFound)?)?;
    let key = data_key(app, tenant, &before.key)?;
    let before = opened(ctx, before)?;
    let row = person.account.to_string();
    let seal = |column, value: Option<&str>| {
        let place = Place { organization: tenant.organization, table: "account", column, row: &row };
        value.map(|plain| key.seal(place, plain.as_bytes(), &*app.entropy)).transpose()
    };
    let name = wanted.name.as_ref().map(|name| name.as_ref().map(Line::as_str));
    let phone = wanted.phone.as_ref().map(|phone| phone.as_ref().map(Line::as_str));
    let change = ProfileChange {
        name_sealed: name.map(|name| seal("name", name)).transpose()?,
        phone_sealed: phone.map(|phone| seal("phone", phone)).transpose()?,
        locale: wanted.locale.as_ref(),
    };
    let mut commit = Commit::new();
    commit.push(account::change_profile(tenant, person.account, &change, expected, ctx.now));
    let guard = commit.push(one_time::guard_used());
    let (was_called, had_phone) = (before.name.as_deref(), before.phone.as_deref());
    let locale = wanted.locale.as_ref().map_or(before.locale.as_str(), Locale::as_str);
    let change = Change::new("profile.update", &row)
        .turned("name", was_called.into(), name.unwrap_or(was_called).into())
        .turned("phone", had_phone.into(), phone.unwrap_or(had_phone).into())
        .turned("locale", before.locale.as_str().into(), locale.into())
        .redacted(PERSONAL);
    commit.push(journal::audit(ctx, ctx.new_id()?, &row, change));
    commit.push_after(account::by_id(tenant, person.account));
    commit.push_diagnosis(account::by_id(tenant, person.account));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => {
            let row = after.first().and_then(Rows::first).ok_or(Failure::NotFound)?;
            Ok(opened(ctx, account::account_of(row)?)?)
        }
        Committed::Refused { statement, diagnosis, .. } if statement == guard => {
            let row = diagnosis.first().and_then(Rows::first).ok_or(Failure::NotFound)?;
            let current = account::account_of(row)?.version;
            Err(Failure::Rejected(ProfileError::VersionMismatch { current }))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}
