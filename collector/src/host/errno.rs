//! Names of error numbers.

use rustix::io::Errno;

/// `EACCES` for an errno; `E<number>` where no rule needs the name.
pub(crate) fn errno_name(errno: Errno) -> String {
    let name = match errno {
        Errno::NOENT => "ENOENT",
        Errno::NOTDIR => "ENOTDIR",
        Errno::ACCESS => "EACCES",
        Errno::PERM => "EPERM",
        Errno::IO => "EIO",
        Errno::LOOP => "ELOOP",
        Errno::NAMETOOLONG => "ENAMETOOLONG",
        Errno::NXIO => "ENXIO",
        Errno::NODEV => "ENODEV",
        Errno::INVAL => "EINVAL",
        Errno::ISDIR => "EISDIR",
        Errno::MFILE => "EMFILE",
        Errno::NFILE => "ENFILE",
        Errno::NOMEM => "ENOMEM",
        Errno::STALE => "ESTALE",
        Errno::NOTCONN => "ENOTCONN",
        Errno::HOSTDOWN => "EHOSTDOWN",
        Errno::TIMEDOUT => "ETIMEDOUT",
        Errno::CONNREFUSED => "ECONNREFUSED",
        Errno::SRCH => "ESRCH",
        Errno::OPNOTSUPP => "EOPNOTSUPP",
        Errno::UCLEAN => "EUCLEAN",
        Errno::XDEV => "EXDEV",
        other => return format!("E{}", other.raw_os_error()),
    };
    name.to_owned()
}
