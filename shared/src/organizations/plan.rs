//! Whether an organization does business at all, and how much its plan allows. The operator says both.

/// Whether an organization does business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationStatus {
    Active,
    /// Nobody gets in; all stays as it is, until it is resumed.
    Suspended,
    /// Nobody gets in any more.
    Closed,
}

named!(OrganizationStatus, UnknownOrganizationStatus, "active, suspended or closed", {
    Active = "active",
    Suspended = "suspended",
    Closed = "closed",
});

/// What is done to an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusAction {
    Suspend,
    Resume,
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the organization is {0}")]
pub struct IllegalStatus(pub OrganizationStatus);

impl OrganizationStatus {
    /// # Errors
    /// [`IllegalStatus`] where it is so already, or closed.
    pub fn apply(self, action: StatusAction) -> Result<OrganizationStatus, IllegalStatus> {
        use OrganizationStatus::{Active, Closed, Suspended};
        use StatusAction::{Close, Resume, Suspend};
        match (self, action) {
            (Active, Suspend) => Ok(Suspended),
            (Suspended, Resume) => Ok(Active),
            (Active | Suspended, Close) => Ok(Closed),
            (Active, Resume) | (Suspended, Suspend) | (Closed, Suspend | Resume | Close) => Err(IllegalStatus(self)),
        }
    }
}

/// How much a plan allows; `None` is as much as they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub stores: Option<i64>,
    /// Members of the staff, suspended ones included.
    pub members: Option<i64>,
    /// Keys that are neither revoked, expired nor replaced.
    pub api_keys: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspended_organization_comes_back_and_a_closed_one_never() {
        use OrganizationStatus::{Active, Closed, Suspended};
        use StatusAction::{Close, Resume, Suspend};
        for (status, action, becomes) in [
            (Active, Suspend, Ok(Suspended)),
            (Suspended, Resume, Ok(Active)),
            (Suspended, Close, Ok(Closed)),
            (Active, Close, Ok(Closed)),
            (Active, Resume, Err(IllegalStatus(Active))),
            (Suspended, Suspend, Err(IllegalStatus(Suspended))),
            (Closed, Resume, Err(IllegalStatus(Closed))),
            (Closed, Suspend, Err(IllegalStatus(Closed))),
            (Closed, Close, Err(IllegalStatus(Closed))),
        ] {
            assert_eq!(status.apply(action), becomes, "{status} {action:?}");
        }
        assert_eq!("closed".parse(), Ok(Closed));
    }
}
