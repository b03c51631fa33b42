//! Charts: our ratio to OpenBao in one, and the rates of all in one for each group.

use std::path::Path;

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    Report, Row,
    text::{rate, short},
};
use crate::{
    Failure,
    peers::Peer,
    workloads::{self, Goal, Group, Verdict},
};

const WIDTH: i32 = 900;
/// Where bars begin and end.
const LEFT: i32 = 300;
const RIGHT: i32 = 740;
const TOP: i32 = 64;
const BAR: i32 = 16;
const GAP: i32 = 12;
const INK: RGBColor = RGBColor(40, 40, 40);
const PALE: RGBColor = RGBColor(225, 225, 225);
const MISSED: RGBColor = RGBColor(190, 30, 45);

/// Draws what there is to draw: titles and files.
pub(super) fn draw(report: &Report, out: &Path) -> Result<Vec<(String, String)>, Failure> {
    let mut drawn = Vec::new();
    let beside: Vec<&Row> = report.rows.iter().filter(|it| ratio_to_openbao(it).is_some()).collect();
    if !beside.is_empty() {
        let title = "Times the rate of OpenBao".to_owned();
        ratios(&out.join("ratios.svg"), &title, report, &beside)?;
        drawn.push((title, "ratios.svg".to_owned()));
    }
    for (group, title, file) in [
        (Group::Reads, "Reads a second", "reads.svg"),
        (Group::Writes, "Durable writes a second", "writes.svg"),
        (Group::Auth, "Tokens, logins and renewals a second", "auth.svg"),
    ] {
        let rows: Vec<&Row> = report
            .rows
            .iter()
            .filter(|it| workloads::named(&it.name).is_some_and(|it| it.group == group))
            .collect();
        if !rows.is_empty() {
            rates(&out.join(file), title, report, &rows)?;
            drawn.push((title.to_owned(), file.to_owned()));
        }
    }
    Ok(drawn)
}

/// None for an open loop, in which both were asked for the same.
fn ratio_to_openbao(row: &Row) -> Option<f64> {
    let asked = row.median(Peer::OpenBao)?.asked;
    row.ratio(Peer::OpenBao).filter(|it| asked.is_none() && it.is_finite() && *it > 0.0)
}

/// One bar for each workload, on a logarithmic scale; a line where its goal is.
fn ratios(file: &Path, title: &str, report: &Report, rows: &[&Row]) -> Result<(), Failure> {
    let most = rows.iter().filter_map(|it| ratio_to_openbao(it)).fold(20.0, f64::max) * 1.1;
    let least = rows.iter().filter_map(|it| ratio_to_openbao(it)).fold(1.0, f64::min);
    let place = |ratio: f64| at((ratio / least).ln() / (most / least).ln());
    let height = TOP + count(rows.len()) * (BAR + GAP) + 40;
    let area = area(file, height)?;
    head(&area, title, report)?;
    let bottom = height - 36;
    for tick in [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0] {
        if tick < least || tick > most {
            continue;
        }
        area.draw(&PathElement::new([(place(tick), TOP - 6), (place(tick), bottom)], PALE.stroke_width(1)))?;
        label(&area, &format!("{tick} x"), (place(tick), bottom + 12), HPos::Center, 12, INK)?;
    }
    for (index, row) in rows.iter().enumerate() {
        let Some(ratio) = ratio_to_openbao(row) else { continue };
        let top = TOP + count(index) * (BAR + GAP);
        label(&area, &row.name, (LEFT - 10, top + BAR / 2), HPos::Right, 13, INK)?;
        let (from, to) = (place(1.0).min(place(ratio)), place(1.0).max(place(ratio)));
        area.draw(&Rectangle::new([(from, top), (to, top + BAR)], colour(Peer::Strongroom).filled()))?;
        let mut end = to;
        let mut text = format!("{} x", short(ratio));
        let mut ink = INK;
        for (goal, verdict) in row.verdicts() {
            let Goal::Times { of: Peer::OpenBao, at_least } = goal else { continue };
            let line = [(place(at_least), top - 4), (place(at_least), top + BAR + 4)];
            area.draw(&PathElement::new(line, INK.stroke_width(3)))?;
            end = end.max(place(at_least));
            text = format!("{text}, goal {at_least} {}", verdict.name());
            ink = if verdict == Verdict::Met { INK } else { MISSED };
        }
        label(&area, &text, (end + 8, top + BAR / 2), HPos::Left, 13, ink)?;
    }
    area.present()?;
    Ok(())
}

/// A bar for each who took part; the fastest of a workload fills the width.
fn rates(file: &Path, title: &str, report: &Report, rows: &[&Row]) -> Result<(), Failure> {
    let bars: usize = rows.iter().map(|it| it.cells.len()).sum();
    let height = TOP + 24 + count(bars) * BAR + count(rows.len()) * GAP + 8;
    let area = area(file, height)?;
    head(&area, title, report)?;
    legend(&area, rows)?;
    let mut top = TOP + 24;
    for row in rows {
        let most = row.cells.iter().filter_map(|it| row.median(it.peer)).map(|it| it.per_second);
        let most = most.fold(0.0, f64::max);
        let middle = top + count(row.cells.len()) * BAR / 2;
        label(&area, &row.name, (LEFT - 10, middle), HPos::Right, 13, INK)?;
        for cell in &row.cells {
            let Some(figures) = row.median(cell.peer) else { continue };
            let end = at(figures.per_second / most).max(LEFT + 1);
            let bar = [(LEFT, top + 1), (end, top + BAR - 1)];
            area.draw(&Rectangle::new(bar, colour(cell.peer).filled()))?;
            let ratio = match row.ratio(cell.peer) {
                Some(ratio) if cell.peer != Peer::Strongroom => format!(" ({} x)", short(ratio)),
                _ => String::new(),
            };
            let text = format!("{}{ratio}", rate(figures.per_second));
            label(&area, &text, (end + 6, top + BAR / 2), HPos::Left, 12, INK)?;
            top += BAR;
        }
        top += GAP;
    }
    area.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn area(file: &Path, height: i32) -> Result<Area<'_>, Failure> {
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    Ok(area)
}

fn head(area: &Area<'_>, title: &str, report: &Report) -> Result<(), Failure> {
    label(area, title, (12, 20), HPos::Left, 20, INK)?;
    let machine = &report.machine;
    let version = |name: &str| machine.versions.get(name).map(String::as_str).unwrap_or_default();
    // "OpenBao v2.7.2 (commit), built then": the first two words.
    let bao: Vec<&str> = version("openbao").split(' ').take(2).collect();
    let line = format!(
        "{}; {}, {} cores; {} ({}), {}; medians of {} rounds of {} s, file audit on",
        report.date.split('T').next().unwrap_or_default(),
        machine.processor.split('@').next().unwrap_or_default().trim(),
        machine.cores,
        version("strongroom"),
        version("commit"),
        bao.join(" "),
        report.settings.rounds,
        report.settings.seconds
    );
    label(area, &line, (12, 42), HPos::Left, 11, RGBColor(110, 110, 110))
}

fn legend(area: &Area<'_>, rows: &[&Row]) -> Result<(), Failure> {
    let mut left = LEFT;
    for peer in Peer::ALL {
        if !rows.iter().any(|row| row.cells.iter().any(|it| it.peer == peer)) {
            continue;
        }
        area.draw(&Rectangle::new([(left, TOP - 4), (left + 12, TOP + 8)], colour(peer).filled()))?;
        let text = if peer == Peer::Strongroom { "strongroom" } else { peer.name() };
        label(area, text, (left + 18, TOP + 2), HPos::Left, 12, INK)?;
        left += 110;
    }
    label(area, "n x: strongroom is n times as fast", (WIDTH - 12, TOP + 2), HPos::Right, 11, INK)
}

fn label(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    side: HPos,
    size: i32,
    colour: RGBColor,
) -> Result<(), Failure> {
    let style = ("sans-serif", size).into_font().color(&colour).pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text.to_owned(), at, style))?;
    Ok(())
}

/// A share of the width that bars have.
#[allow(clippy::cast_possible_truncation, reason = "a pixel of a picture")]
fn at(share: f64) -> i32 {
    LEFT + (f64::from(RIGHT - LEFT) * share.clamp(0.0, 1.0)).round() as i32
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX / 1000)
}

/// Told apart also by who does not see red and green as others do.
fn colour(peer: Peer) -> RGBColor {
    match peer {
        Peer::Strongroom => RGBColor(0, 114, 178),
        Peer::OpenBao => RGBColor(230, 159, 0),
        Peer::BareAxum => RGBColor(150, 150, 150),
        Peer::BareSqlite => RGBColor(95, 95, 95),
        Peer::Plain => RGBColor(86, 180, 233),
    }
}
