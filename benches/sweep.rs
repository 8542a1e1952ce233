//! How long sweeps take: 10,000 combinations of ResNet-50, on all threads.

use std::hint::black_box;
use std::time::Duration;

use archc::diagnostic::Diagnostics;
use archc::expand::{Axis, Program, Settings};
use archc::source::SourceMap;
use archc::sweep::{Measure, sweep};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn combinations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep");
    for (name, axes) in
        [("100", ["input=125..224", "classes=1000"]), ("10,000", ["input=125..224", "classes=901..1000"])]
    {
        let mut sources = SourceMap::new();
        let file = sources.open_target("zoo:resnet50").expect("an architecture of the zoo").file;
        let program = Program::load(&mut sources, file, &mut Diagnostics::new());
        let axes: Vec<Axis> = axes.iter().map(|text| text.parse().expect("an axis")).collect();
        let count = axes.iter().map(|axis| axis.values.len()).product::<usize>();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{name} of ResNet-50"), |bencher| {
            bencher.iter(|| {
                let (settings, axes) = (Settings::default(), black_box(&axes).clone());
                let swept = sweep(&program, &mut sources, "resnet50", &settings, axes, Measure::default());
                assert_eq!(swept.expect("all can be expanded").points.len(), count);
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(10));
    targets = combinations
}
criterion_main!(benches);
