//! Curves, drawn.

use std::path::Path;

use plotters::{coord::types::RangedCoordf64, prelude::*};

use super::Failure;

/// One line of a chart.
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (720, 420);
/// Told apart also by who does not see red and green as others do.
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(90, 90, 90),
];

/// A figure over the size, each ten times the one before.
pub(crate) fn over_size(path: &Path, title: &str, curves: &[Curve]) -> Result<(), Failure> {
    let (left, right, top) = bounds(curves);
    let area = area(path)?;
    let mut chart = builder(&area, title).build_cartesian_2d((left..right).log_scale(), 0.0..top)?;
    let label = |it: &f64| format!("10^{:.0}", it.log10());
    chart.configure_mesh().x_desc("entries").x_label_formatter(&label).light_line_style(WHITE).draw()?;
    lines(&mut chart, curves)?;
    area.present()?;
    Ok(())
}

/// A figure over time, in seconds.
pub(crate) fn over_time(path: &Path, title: &str, curves: &[Curve]) -> Result<(), Failure> {
    let (left, right, top) = bounds(curves);
    let area = area(path)?;
    let mut chart = builder(&area, title).build_cartesian_2d(left..right, 0.0..top)?;
    chart.configure_mesh().x_desc("seconds from the end of the minute").light_line_style(WHITE).draw()?;
    lines(&mut chart, curves)?;
    area.present()?;
    Ok(())
}

fn lines<'a, X: Ranged<ValueType = f64>>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, RangedCoordf64>>,
    curves: &[Curve],
) -> Result<(), Failure> {
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let line = LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2)).point_size(3);
        chart.draw_series(line)?.label(&curve.name).legend(|it| key(it, *colour));
    }
    let labels = SeriesLabelPosition::UpperLeft;
    chart.configure_series_labels().position(labels).background_style(WHITE).draw()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn area(path: &Path) -> Result<Area<'_>, Failure> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    Ok(area)
}

fn builder<'a, 'b>(area: &'a Area<'b>, title: &str) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder.caption(title, ("sans-serif", 18)).margin(12).x_label_area_size(40).y_label_area_size(60);
    builder
}

fn key((x, y): (i32, i32), colour: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2))
}

/// The least and the largest x, and room above the largest y.
fn bounds(curves: &[Curve]) -> (f64, f64, f64) {
    let all = || curves.iter().flat_map(|it| &it.points);
    let left = all().map(|it| it.0).fold(f64::MAX, f64::min);
    let right = all().map(|it| it.0).fold(left, f64::max);
    let top = all().map(|it| it.1).fold(0.0, f64::max);
    // A chart needs some width also for a single point.
    (left, if right > left { right } else { left + 1.0 }, top * 1.2)
}
