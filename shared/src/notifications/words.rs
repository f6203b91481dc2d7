//! The words of each mail, in English and Korean. `{...}` stands for a value; a line that names a value which is
//! not there is left out.

use super::MailKind;
use crate::kernel::locale::Locale;

/// One mail in one language.
pub(super) struct Words {
    pub subject: &'static str,
    /// Paragraphs above the link.
    pub before: &'static [&'static str],
    /// What the link is called.
    pub link: &'static str,
    /// Paragraphs below the link.
    pub after: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Korean,
}

impl Language {
    /// English for every language without words of its own.
    pub fn of(locale: &Locale) -> Language {
        match locale.language() {
            "ko" => Language::Korean,
            _ => Language::English,
        }
    }

    /// BCP 47.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Korean => "ko",
        }
    }

    pub fn words(self, kind: MailKind) -> Words {
        match self {
            Language::English => english(kind),
            Language::Korean => korean(kind),
        }
    }

    /// `minutes` in the largest unit that they are whole numbers of.
    pub fn duration(self, minutes: u32) -> String {
        let (count, unit) = match minutes {
            _ if minutes != 0 && minutes.is_multiple_of(1_440) => (minutes.checked_div(1_440), Unit::Day),
            _ if minutes != 0 && minutes.is_multiple_of(60) => (minutes.checked_div(60), Unit::Hour),
            _ => (Some(minutes), Unit::Minute),
        };
        let count = count.unwrap_or(minutes);
        match (self, unit) {
            (Language::English, unit) => {
                let plural = if count == 1 { "" } else { "s" };
                format!("{count} {}{plural}", unit.english())
            }
            (Language::Korean, Unit::Day) => format!("{count}일"),
            (Language::Korean, Unit::Hour) => format!("{count}시간"),
            (Language::Korean, Unit::Minute) => format!("{count}분"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Day,
    Hour,
    Minute,
}

impl Unit {
    const fn english(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Hour => "hour",
            Unit::Minute => "minute",
        }
    }
}

const fn english(kind: MailKind) -> Words {
    match kind {
        MailKind::VerifyEmail => Words {
            subject: "Confirm your e-mail address for {shop}",
            before: &["Please confirm that this e-mail address is yours."],
            link: "Confirm the address",
            after: &["The link is valid for {valid}.", "If you did not ask for this, you can ignore this message."],
        },
        MailKind::ResetPassword => Words {
            subject: "Choose a new password for {shop}",
            before: &["Somebody asked for a new password for your account at {shop}."],
            link: "Choose a new password",
            after: &[
                "The link is valid for {valid} and works once.",
                "If it was not you, you can ignore this message: your password stays as it is.",
            ],
        },
        MailKind::MagicLink => Words {
            subject: "Your link to log in at {shop}",
            before: &["With this link you log in at {shop} without a password."],
            link: "Log in",
            after: &[
                "The link is valid for {valid} and works once. Do not pass it on.",
                "If you did not ask for it, you can ignore this message.",
            ],
        },
        MailKind::Invitation => Words {
            subject: "You are invited to {organization}",
            before: &["You are invited to work with {organization} at {shop}.", "The invitation is from {inviter}."],
            link: "Accept the invitation",
            after: &["The link is valid for {valid}.", "If you do not know the sender, you can ignore this message."],
        },
        MailKind::Welcome => Words {
            subject: "Welcome to {shop}",
            before: &["Hello {name},", "Your account at {shop} is ready."],
            link: "Visit {shop}",
            after: &[],
        },
        MailKind::PasswordChanged => Words {
            subject: "Your password for {shop} was changed",
            before: &[
                "The password of your account at {shop} was changed on {at}.",
                "If it was you, there is nothing to do. If not, choose a new password at once.",
            ],
            link: "Choose a new password",
            after: &[],
        },
        MailKind::AlreadyRegistered => Words {
            subject: "You have an account at {shop} already",
            before: &[
                "Somebody tried to register at {shop} with this e-mail address, which has an account already.",
                "If it was you, log in with your password, or choose a new one.",
            ],
            link: "Choose a new password",
            after: &["If it was not you, you can ignore this message: nothing has changed."],
        },
        MailKind::ChangeEmail => Words {
            subject: "Confirm your new e-mail address for {shop}",
            before: &["Somebody wants to use this e-mail address for their account at {shop}."],
            link: "Confirm the address",
            after: &[
                "The link is valid for {valid} and works once. Until then the account keeps its address.",
                "If it was not you, you can ignore this message.",
            ],
        },
        MailKind::EmailChanging => Words {
            subject: "Your e-mail address at {shop} is to be changed",
            before: &[
                "On {at} somebody asked to use another e-mail address for your account at {shop}. A link went to that address.",
                "If it was you, there is nothing to do here. If not, choose a new password at once: it makes that link void.",
            ],
            link: "Choose a new password",
            after: &[],
        },
        MailKind::EmailChanged => Words {
            subject: "Your e-mail address at {shop} was changed",
            before: &[
                "On {at} the e-mail address of your account at {shop} was changed. Mails about the account go to the new address from now on.",
                "If it was you, there is nothing to do. If not, tell {shop} at once and ask for your account back: with this address alone you can no longer choose a new password for it.",
            ],
            link: "Visit {shop}",
            after: &[],
        },
        MailKind::IdentityLinked => Words {
            subject: "{what} opens your account at {shop} now",
            before: &[
                "Since {at} your account at {shop} can be opened by {what}.",
                "If it was you, there is nothing to do. If not, take it back and end all sessions.",
            ],
            link: "See what opens your account",
            after: &[],
        },
        MailKind::IdentityUnlinked => Words {
            subject: "{what} no longer opens your account at {shop}",
            before: &[
                "Since {at} your account at {shop} is no longer linked to {what}.",
                "If it was you, there is nothing to do. If not, take it back and end all sessions.",
            ],
            link: "See what opens your account",
            after: &[],
        },
        MailKind::PasskeyAdded => Words {
            subject: "A passkey was added to your account at {shop}",
            before: &[
                "On {at} a passkey was added to your account at {shop}: {what}.",
                "If it was you, there is nothing to do. If not, take it back and end all sessions.",
            ],
            link: "See what opens your account",
            after: &[],
        },
        MailKind::PasskeyRemoved => Words {
            subject: "A passkey was removed from your account at {shop}",
            before: &[
                "On {at} a passkey was removed from your account at {shop}: {what}.",
                "If it was you, there is nothing to do. If not, take it back and end all sessions.",
            ],
            link: "See what opens your account",
            after: &[],
        },
        MailKind::SecondFactorOn => Words {
            subject: "Your account at {shop} has a second factor now",
            before: &[
                "Since {at} logging in to your account at {shop} takes a code of an authenticator app.",
                "If it was you, there is nothing to do. If not, take it back and end all sessions.",
            ],
            link: "See what opens your account",
            after: &[],
        },
        MailKind::SecondFactorOff => Words {
            subject: "Your account at {shop} has no second factor any more",
            before: &[
                "Since {at} logging in to your account at {shop} takes no code of an authenticator app any more.",
                "If it was you, there is nothing to do. If not, take it back and end all sessions.",
            ],
            link: "See what opens your account",
            after: &[],
        },
        MailKind::RecoveryCodesReplaced => Words {
            subject: "You have new recovery codes for {shop}",
            before: &[
                "On {at} new recovery codes were made for your account at {shop}. The ones before are void.",
                "If it was you, there is nothing to do. If not, take it back and end all sessions.",
            ],
            link: "See what opens your account",
            after: &[],
        },
    }
}

const fn korean(kind: MailKind) -> Words {
    match kind {
        MailKind::VerifyEmail => Words {
            subject: "[{shop}] 이메일 주소를 확인해 주세요",
            before: &["본인의 이메일 주소가 맞는지 확인해 주세요."],
            link: "이메일 주소 확인",
            after: &["링크는 {valid} 동안 유효합니다.", "직접 요청하지 않으셨다면 이 메일을 무시하셔도 됩니다."],
        },
        MailKind::ResetPassword => Words {
            subject: "[{shop}] 새 비밀번호를 설정해 주세요",
            before: &["{shop} 계정의 비밀번호 재설정 요청이 있었습니다."],
            link: "새 비밀번호 설정",
            after: &[
                "링크는 {valid} 동안 유효하며 한 번만 사용할 수 있습니다.",
                "직접 요청하지 않으셨다면 이 메일을 무시해 주세요. 비밀번호는 바뀌지 않습니다.",
            ],
        },
        MailKind::MagicLink => Words {
            subject: "[{shop}] 로그인 링크",
            before: &["아래 링크를 누르면 비밀번호 없이 {shop}에 로그인됩니다."],
            link: "로그인",
            after: &[
                "링크는 {valid} 동안 유효하며 한 번만 사용할 수 있습니다. 다른 사람에게 전달하지 마세요.",
                "직접 요청하지 않으셨다면 이 메일을 무시하셔도 됩니다.",
            ],
        },
        MailKind::Invitation => Words {
            subject: "[{shop}] {organization}에 초대되었습니다",
            before: &["{shop}에서 {organization}의 구성원으로 초대되었습니다.", "초대한 사람: {inviter}"],
            link: "초대 수락",
            after: &["링크는 {valid} 동안 유효합니다.", "모르는 사람의 초대라면 이 메일을 무시하셔도 됩니다."],
        },
        MailKind::Welcome => Words {
            subject: "{shop}에 오신 것을 환영합니다",
            before: &["{name} 님, 안녕하세요.", "{shop} 계정이 만들어졌습니다."],
            link: "{shop} 둘러보기",
            after: &[],
        },
        MailKind::PasswordChanged => Words {
            subject: "[{shop}] 비밀번호가 변경되었습니다",
            before: &[
                "{shop} 계정의 비밀번호가 변경되었습니다. 변경 시각: {at}",
                "직접 변경하셨다면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 바로 새 비밀번호를 설정해 주세요.",
            ],
            link: "새 비밀번호 설정",
            after: &[],
        },
        MailKind::AlreadyRegistered => Words {
            subject: "[{shop}] 이미 가입된 이메일 주소입니다",
            before: &[
                "이 이메일 주소로 {shop} 회원 가입이 시도되었지만, 이미 계정이 있습니다.",
                "본인이라면 기존 비밀번호로 로그인하시거나 새 비밀번호를 설정해 주세요.",
            ],
            link: "새 비밀번호 설정",
            after: &["본인이 아니라면 이 메일을 무시하셔도 됩니다. 변경된 것은 없습니다."],
        },
        MailKind::ChangeEmail => Words {
            subject: "[{shop}] 새 이메일 주소를 확인해 주세요",
            before: &["{shop} 계정에 이 이메일 주소를 사용하려는 요청이 있었습니다."],
            link: "이메일 주소 확인",
            after: &[
                "링크는 {valid} 동안 유효하며 한 번만 사용할 수 있습니다. 그때까지 계정의 주소는 바뀌지 않습니다.",
                "직접 요청하지 않으셨다면 이 메일을 무시하셔도 됩니다.",
            ],
        },
        MailKind::EmailChanging => Words {
            subject: "[{shop}] 이메일 주소 변경이 요청되었습니다",
            before: &[
                "{shop} 계정에 다른 이메일 주소를 사용하려는 요청이 있었고, 그 주소로 링크를 보냈습니다. 요청 시각: {at}",
                "직접 요청하셨다면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 바로 새 비밀번호를 설정해 주세요. 그러면 그 링크는 무효가 됩니다.",
            ],
            link: "새 비밀번호 설정",
            after: &[],
        },
        MailKind::EmailChanged => Words {
            subject: "[{shop}] 이메일 주소가 변경되었습니다",
            before: &[
                "{shop} 계정의 이메일 주소가 변경되었습니다. 이제 계정 관련 메일은 새 주소로 발송됩니다. 변경 시각: {at}",
                "직접 변경하셨다면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 바로 {shop}에 알리고 계정을 되찾게 해 달라고 요청해 주세요. 이 주소만으로는 더 이상 새 비밀번호를 설정할 수 없습니다.",
            ],
            link: "{shop} 둘러보기",
            after: &[],
        },
        MailKind::IdentityLinked => Words {
            subject: "[{shop}] {what} 로그인이 연결되었습니다",
            before: &[
                "이제 {what}(으)로 {shop} 계정에 로그인할 수 있습니다. 연결 시각: {at}",
                "본인이라면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 되돌리고 모든 세션을 종료해 주세요.",
            ],
            link: "로그인 수단 확인",
            after: &[],
        },
        MailKind::IdentityUnlinked => Words {
            subject: "[{shop}] {what} 로그인 연결이 해제되었습니다",
            before: &[
                "{shop} 계정과 {what}의 연결이 해제되었습니다. 해제 시각: {at}",
                "본인이라면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 되돌리고 모든 세션을 종료해 주세요.",
            ],
            link: "로그인 수단 확인",
            after: &[],
        },
        MailKind::PasskeyAdded => Words {
            subject: "[{shop}] 패스키가 추가되었습니다",
            before: &[
                "{shop} 계정에 패스키가 추가되었습니다: {what}. 추가 시각: {at}",
                "본인이라면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 되돌리고 모든 세션을 종료해 주세요.",
            ],
            link: "로그인 수단 확인",
            after: &[],
        },
        MailKind::PasskeyRemoved => Words {
            subject: "[{shop}] 패스키가 삭제되었습니다",
            before: &[
                "{shop} 계정에서 패스키가 삭제되었습니다: {what}. 삭제 시각: {at}",
                "본인이라면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 되돌리고 모든 세션을 종료해 주세요.",
            ],
            link: "로그인 수단 확인",
            after: &[],
        },
        MailKind::SecondFactorOn => Words {
            subject: "[{shop}] 2단계 인증이 설정되었습니다",
            before: &[
                "이제 {shop} 계정에 로그인하려면 인증 앱의 코드가 필요합니다. 설정 시각: {at}",
                "본인이라면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 되돌리고 모든 세션을 종료해 주세요.",
            ],
            link: "로그인 수단 확인",
            after: &[],
        },
        MailKind::SecondFactorOff => Words {
            subject: "[{shop}] 2단계 인증이 해제되었습니다",
            before: &[
                "이제 {shop} 계정에 로그인할 때 인증 앱의 코드가 필요하지 않습니다. 해제 시각: {at}",
                "본인이라면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 되돌리고 모든 세션을 종료해 주세요.",
            ],
            link: "로그인 수단 확인",
            after: &[],
        },
        MailKind::RecoveryCodesReplaced => Words {
            subject: "[{shop}] 새 복구 코드가 만들어졌습니다",
            before: &[
                "{shop} 계정의 새 복구 코드가 만들어졌습니다. 이전 코드는 더 이상 사용할 수 없습니다. 시각: {at}",
                "본인이라면 아무것도 하지 않으셔도 됩니다. 그렇지 않다면 되돌리고 모든 세션을 종료해 주세요.",
            ],
            link: "로그인 수단 확인",
            after: &[],
        },
    }
}
