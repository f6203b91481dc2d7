//! Products as the staff writes them: the source in, catalog and stock out, in one commit.

mod bulk;
mod export;
mod http;
pub mod openapi;
mod pictures;
mod prices;
mod usecase;
mod wire;

pub use bulk::{
    LIMIT as BULK_PART_LIMIT, Mode as BulkMode, NewJob as NewBulkJob, Sweep, create as create_bulk_job,
    errors as bulk_errors, finish as finish_bulk_job, list as bulk_jobs, named as open_bulk_job, put as put_bulk_part,
    show as bulk_job, sweep_all,
};
pub use export::{Form, Place, slice};
pub use http::routes;
