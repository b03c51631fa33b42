//! `audit`: is the log whole, who did what, and the devices that write it.

mod devices;
mod show;
mod verify;

use super::commands;

commands! {
    enum Audit
    asking {
        /// The key that signs the log, and how far each device is
        Key(verify::Key) => verify::key,
        /// The devices
        List(devices::List) => devices::list,
        /// Make a device, where the configuration allows that
        Enable(devices::Enable) => devices::enable,
        /// Take a device away
        Disable(devices::Disable) => devices::disable,
    }
    alone {
        /// Whether files of the log are whole: no line edited, removed, moved or cut off
        Verify(verify::Verify) => verify::verify,
        /// Find lines in files of the log
        Show(show::Show) => show::show,
    }
}
