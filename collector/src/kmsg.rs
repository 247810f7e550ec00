//! The kernel's messages from its own buffer, where no journal has them.

use crate::clock::exact;
use crate::host::Host;
use crate::journalctl::Line;

/// Lines of this boot, oldest first; `None` where the buffer cannot be read.
pub(crate) fn lines(host: &mut Host) -> Option<Vec<Line>> {
    let buffer = host.kernel_buffer().ok()?;
    let now = u64::try_from(host.clock().now().timestamp_micros()).ok()?;
    let uptime: f64 = host.line("/proc/uptime")?.split(' ').next()?.parse().ok()?;
    let uptime = u64::try_from(std::time::Duration::from_secs_f64(uptime.max(0.0)).as_micros());
    let started = now.saturating_sub(uptime.ok()?);
    let name = host.line("/proc/sys/kernel/hostname")?;
    let boot = host
        .line("/proc/sys/kernel/random/boot_id")?
        .replace('-', "");
    let mut lines = vec![Line::Boot(boot)];
    let text = String::from_utf8_lossy(&buffer);
    let records = text.lines().filter_map(|line| record(line, started, &name));
    lines.extend(records);
    (lines.len() > 1).then_some(lines)
}

/// `6,339,5140900,-;NET: Registered protocol family 10`; lines that begin with a blank are its fields.
fn record(line: &str, started: u64, host: &str) -> Option<Line> {
    let (head, message) = line.split_once(';')?;
    let mut fields = head.split(',');
    let facility = fields.next()?.parse::<u64>().ok()? >> 3;
    let since_start: u64 = fields.nth(1)?.parse().ok()?;
    // What programs wrote into the buffer has another facility.
    (facility == 0).then(|| Line::Record {
        head: format!(
            "{} {host} kernel: ",
            exact(started.saturating_add(since_start))
        ),
        pid: None,
        message: message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_the_kernel_has_its_time_and_others_are_passed_over() {
        let line = "6,339,5140900,-;NET: Registered protocol family 10";
        assert_eq!(
            record(line, 1_700_000_000_000_000, "worker-1"),
            Some(Line::Record {
                head: "2023-11-14T22:13:25.140900Z worker-1 kernel: ".to_owned(),
                pid: None,
                message: "NET: Registered protocol family 10".to_owned(),
            })
        );
        assert_eq!(record("30,340,5140901,-;systemd[1]: x", 0, "w"), None);
        assert_eq!(record(" SUBSYSTEM=acpi", 0, "w"), None);
    }
}
