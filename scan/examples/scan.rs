//! `scan PATH...`: what `secret scan -json` prints, built in a fraction of the time: for work on the scanner itself.

use std::{
    error::Error,
    io::{BufWriter, Write},
    path::PathBuf,
};

use strongroom_scan::{Json, list, scan_as, sweep};

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let listing = list(&paths);
    let sweep = sweep(&listing.sources, scan_as);
    for trouble in listing.troubles.iter().chain(&sweep.troubles) {
        writeln!(std::io::stderr(), "{}: {}", trouble.file, trouble.cause)?;
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, &Json(&sweep.hits))?;
    out.flush()?;
    Ok(())
}
