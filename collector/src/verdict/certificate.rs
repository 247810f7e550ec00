//! The certificate with which the kubelet proves who it is.

use super::names::{self, Authority};
use super::{Rank, Sight, Suspicion, one};

/// Expired, or not yet valid, at the node's own time.
pub(super) fn client(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let (Some(client), Some(now)) = (names::client(sight), sight.now) else {
        return Vec::new();
    };
    let day = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d").to_string();
    if client.not_after < now {
        let ago = since(now - client.not_after);
        let (date, from) = (day(client.not_after), client.from);
        let text =
            format!("the kubelet's client certificate expired {ago} ago, on {date} ({from})");
        return one(Rank::Credential, text);
    }
    if client.not_before > now {
        let date = day(client.not_before);
        let text = format!(
            "the kubelet's client certificate is valid only from {date}: it was made by a clock ahead of this one, or this clock is behind"
        );
        return one(Rank::Credential, text);
    }
    Vec::new()
}

/// A CA that is no certificate, or one of the same name as the signer of the client certificate and with another key. Another
/// name proves nothing: some distributions have one CA for servers and one for clients.
pub(super) fn authority(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let der = match names::authority(sight) {
        None => return Vec::new(),
        Some(Authority::Unreadable(path)) => {
            return one(Rank::Start, format!("the CA in {path} is no certificate"));
        }
        Some(Authority::Certificate(der)) => der,
    };
    let (Some(client), Some(ca)) = (names::client(sight), names::signer(&der)) else {
        return Vec::new();
    };
    let signer = client.issuer;
    if signer.name != ca.name || signer.key_id.is_none() || ca.key_id.is_none() {
        return Vec::new();
    }
    if signer.key_id == ca.key_id {
        return Vec::new();
    }
    one(
        Rank::Credential,
        format!(
            "the CA in the kubelet's kubeconfig and the signer of its client certificate have one name ({}) and two keys: one of them is of another cluster, or older",
            ca.name
        ),
    )
}

/// `3 days`, `1 day`, `5 hours`, `40 minutes`.
fn since(time: chrono::TimeDelta) -> String {
    let (count, unit) = match (time.num_days(), time.num_hours()) {
        (days @ 1.., _) => (days, "day"),
        (_, hours @ 1..) => (hours, "hour"),
        _ => (time.num_minutes(), "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_time_is_told_in_its_largest_unit() {
        assert_eq!(since(TimeDelta::days(3)), "3 days");
        assert_eq!(since(TimeDelta::hours(25)), "1 day");
        assert_eq!(since(TimeDelta::hours(5)), "5 hours");
        assert_eq!(since(TimeDelta::seconds(90)), "1 minute");
    }
}
