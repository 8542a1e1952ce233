use super::{Named, Proposal, propose};

fn named(names: &[(&str, &[usize])]) -> Vec<Named> {
    names.iter().map(|(name, shape)| ((*name).to_string(), shape.to_vec())).collect()
}

/// Three units of a convolution and a norm, then a linear layer, under names that `unit` and `head` give.
fn net(unit: impl Fn(usize, &str) -> String, head: &str) -> Vec<Named> {
    let mut all = Vec::new();
    for index in 0..3 {
        all.push((unit(index, "conv.weight"), vec![4, 4, 3, 3]));
        for leaf in ["weight", "bias", "running_mean", "running_var"] {
            all.push((unit(index, &format!("bn.{leaf}")), vec![4]));
        }
    }
    all.push((format!("{head}.weight"), vec![10, 4]));
    all.push((format!("{head}.bias"), vec![10]));
    all
}

fn found(needed: &[Named], held: &[Named]) -> Proposal {
    let proposal = propose(needed, held).unwrap();
    assert_eq!(proposal.matched, needed.len(), "{proposal:?}");
    proposal
}

fn rules(proposal: &Proposal) -> Vec<(&str, &str)> {
    proposal.rules.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect()
}

#[test]
fn prefixes_of_all_names_are_one_rule() {
    let needed = net(|index, leaf| format!("unit{index}.{leaf}"), "fc");
    let prefixed: Vec<Named> = needed.iter().map(|(name, shape)| (format!("module.{name}"), shape.clone())).collect();
    assert_eq!(rules(&found(&needed, &prefixed)), [("module.{x}", "{x}")]);
    assert_eq!(rules(&found(&prefixed, &needed)), [("{x}", "module.{x}")]);
}

#[test]
fn numbers_become_places() {
    let needed = net(|index, leaf| format!("stage{index}.{leaf}"), "fc");
    let held = net(|index, leaf| format!("blocks.{index}.{}", leaf.replace("bn", "norm")), "head.fc");
    let proposal = found(&needed, &held);
    assert_eq!(proposal.rules.len(), 3, "{:?}", proposal.rules);
    assert!(rules(&proposal).contains(&("head.fc.{x}", "fc.{x}")));
}

#[test]
fn a_number_is_matched_with_its_own_place() {
    let names = |unit: fn(usize) -> String| -> Vec<Named> {
        (2..6).map(|index| (format!("{}.weight", unit(index)), vec![4, index, 3, 3])).collect()
    };
    let needed = names(|index| format!("layer2.{index}.conv1"));
    let held = names(|index| format!("blocks.1.{index}.conv_a"));
    assert_eq!(rules(&found(&needed, &held)), [("blocks.1.{i}.conv_a.{x}", "layer2.{i}.conv1.{x}")]);
}

#[test]
fn the_order_of_the_file_does_not_matter_where_names_are_numbered() {
    let needed = net(|index, leaf| format!("body.{index}.{leaf}"), "fc");
    let mut held = net(|index, leaf| format!("m.{}.{leaf}", index + 9), "z");
    held.sort();
    let proposal = found(&needed, &held);
    assert!(proposal.rules.iter().any(|(from, to)| from == "m.9.{x}" && to == "body.0.{x}"), "{:?}", proposal.rules);
    assert!(proposal.guessed > 0);
}

#[test]
fn what_agrees_stays_and_what_is_over_stays_over() {
    let needed = named(&[("a.weight", &[2]), ("b.weight", &[3])]);
    let held = named(&[("a.weight", &[2]), ("old.weight", &[3]), ("aux.weight", &[4])]);
    assert_eq!(rules(&found(&needed, &held)), [("old.{x}", "b.{x}")]);
    assert_eq!(propose(&needed, &held[..1]), None);
}

#[test]
fn other_words_for_norms_are_known() {
    let needed = named(&[("bn.weight", &[2]), ("bn.bias", &[2]), ("bn.running_mean", &[2]), ("bn.running_var", &[2])]);
    let held = named(&[("bn.gamma", &[2]), ("bn.beta", &[2]), ("bn.moving_mean", &[2]), ("bn.moving_variance", &[2])]);
    assert_eq!(found(&needed, &held).rules.len(), 4);
}
