//! How a figure grows with the size: said by a fit, not by eye.

/// What a curve is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shape {
    /// From the least size to the largest it changes by less than noise does.
    Flat,
    /// A line over the number of the size's digits is nearer to it than a line over the size.
    Logarithmic,
    Linear,
}

/// A figure over all sizes.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Growth {
    /// The fitted factor from one size to the next, ten times as large.
    pub(crate) per_tenfold: f64,
    pub(crate) shape: Shape,
}

/// What a figure may change by and still be called the same, over all sizes.
const NOISE: f64 = 1.25;

impl Growth {
    /// None with fewer than three sizes: two say nothing about a shape.
    pub(crate) fn of(points: &[(u64, f64)]) -> Option<Self> {
        if points.len() < 3 || points.iter().any(|it| it.1 <= 0.0) {
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "sizes are small")]
        let points: Vec<(f64, f64)> = points.iter().map(|(size, it)| (*size as f64, *it)).collect();
        let over =
            |x: fn(f64) -> f64| -> Vec<(f64, f64)> { points.iter().map(|it| (x(it.0), it.1)).collect() };
        let powers: Vec<(f64, f64)> = points.iter().map(|it| (it.0.log10(), it.1.log10())).collect();
        let per_tenfold = 10_f64.powf(line(&powers).slope);
        let values = || points.iter().map(|it| it.1);
        let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        let first = points.first().map_or(least, |it| it.1);
        let grows = per_tenfold > 1.0;
        let shape = if !grows || most / least <= NOISE || most <= first * NOISE {
            Shape::Flat
        } else if line(&over(f64::log10)).error <= line(&over(|it| it)).error {
            Shape::Logarithmic
        } else {
            Shape::Linear
        };
        Some(Self { per_tenfold, shape })
    }
}

struct Line {
    slope: f64,
    /// The sum of squares that it is off by.
    error: f64,
}

/// Least squares.
fn line(points: &[(f64, f64)]) -> Line {
    #[allow(clippy::cast_precision_loss, reason = "a handful")]
    let number = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0 / number, sum.1 + it.1 / number));
    let (mut xy, mut xx) = (0.0, 0.0);
    for point in points {
        xy += (point.0 - x) * (point.1 - y);
        xx += (point.0 - x).powi(2);
    }
    let slope = xy / xx;
    let error = points.iter().map(|it| (it.1 - y - slope * (it.0 - x)).powi(2)).sum();
    Line { slope, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

    fn check(figures: [f64; 4], shape: Shape, per_tenfold: f64) {
        let points: Vec<(u64, f64)> = SIZES.into_iter().zip(figures).collect();
        let growth = Growth::of(&points).unwrap();
        assert_eq!(growth.shape, shape, "{figures:?}");
        assert!((growth.per_tenfold - per_tenfold).abs() < 0.01, "{figures:?}: {}", growth.per_tenfold);
    }

    #[test]
    fn shapes_are_told_apart() {
        check([20.0, 21.0, 19.5, 21.5], Shape::Flat, 1.02);
        check([20.0, 18.0, 14.0, 10.0], Shape::Flat, 0.79);
        // Noise in the middle of what does not grow.
        check([20.0, 40.0, 19.0, 19.0], Shape::Flat, 0.91);
        check([20.0, 24.0, 28.0, 32.0], Shape::Logarithmic, 1.17);
        check([20.0, 20.1, 21.0, 30.0], Shape::Linear, 1.13);
        check([1.0, 10.0, 100.0, 1_000.0], Shape::Linear, 10.0);
        assert!(Growth::of(&[(1, 1.0), (10, 2.0)]).is_none());
    }
}
