"""What score.py prints."""

from collections import Counter, defaultdict

from .labels import covers


def print_sizes(corpus):
    sizes = defaultdict(Counter)
    for entry in corpus.files.values():
        for group in (entry["family"], "ALL"):
            sizes[group].update(files=1, findings=len(entry["findings"]), decoys=len(entry["decoys"]),
                                fixable=sum(finding["fixable"] for finding in entry["findings"]))
    for group, size in sorted(sizes.items()):
        print(f"{group:<12}{size['files']:>4} files {size['findings']:>4} findings ({size['fixable']} fixable) {size['decoys']:>4} decoys")


def print_scores(corpus, scores, verbose):
    print(f"{'family':<12}{'findings':>9}{'hit':>6}{'false':>7}{'precision':>11}{'recall':>9}{'F1':>8}")
    for family, score in [("ALL", scores.total()), *sorted(scores.families.items())]:
        print(f"{family:<12}{score.hit + score.missed:>9}{score.hit:>6}{score.false:>7}"
              f"{score.precision:>11.3f}{score.recall:>9.3f}{score.f1:>8.3f}")
    print("\nrecall by kind")
    for kind, counted in sorted(scores.kinds.items(), key=lambda item: -item[1].total()):
        print(f"  {kind:<20}{counted['hit']:>4} of {counted.total()}")
    if verbose:
        print_faults(corpus, scores)


def print_faults(corpus, scores):
    for name, entry in corpus.files.items():
        if scores.misses[name] or scores.falses[name]:
            print(f"\n{name}")
        for finding in scores.misses[name]:
            print(f"  missed  {finding['line']}:{finding['column']}  {finding['key']}  ({finding['kind']}, {finding['severity']})")
        for line in scores.falses[name]:
            reasons = "; ".join(decoy["reason"] for decoy in entry["decoys"] if covers(decoy, line))
            print(f"  false   {line}  {'decoy: ' + reasons if reasons else 'no label here'}")


def print_tree(corpus, tree, verbose):
    print(f"files right            {len(corpus.files) - len(tree.wrong)} of {len(corpus.files)}")
    print(f"fixable values gone    {tree.gone} of {tree.fixable}")
    if verbose:
        for name, faults in tree.wrong.items():
            print(f"\n{name}")
            for fault in faults:
                print(f"  {fault}")
