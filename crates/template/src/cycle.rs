//! Depth-first order and circles of a graph given by numbers. Iterative: a chain may be as long as a template.

/// What a visit of the whole graph finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Visit {
    /// Every vertex after those it needs.
    Order(Vec<usize>),
    /// A circle: the first vertex again at the end.
    Cycle(Vec<usize>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Visits every vertex after those it needs, in the given order where that leaves a choice.
pub(crate) fn visit(needs: &[Vec<usize>]) -> Visit {
    let mut marks = vec![Mark::New; needs.len()];
    let mut order = Vec::with_capacity(needs.len());
    // The way from the start to here, each with its needs that are still to be looked at.
    let mut path: Vec<(usize, std::slice::Iter<'_, usize>)> = Vec::new();
    for start in 0..needs.len() {
        let mut next = Some(start);
        loop {
            if let Some(vertex) = next.take() {
                match marks.get(vertex).copied() {
                    None | Some(Mark::Done) => {}
                    Some(Mark::Open) => {
                        let circle = path
                            .iter()
                            .map(|(index, _)| *index)
                            .skip_while(|index| *index != vertex)
                            .chain([vertex])
                            .collect();
                        return Visit::Cycle(circle);
                    }
                    Some(Mark::New) => {
                        if let (Some(mark), Some(list)) = (marks.get_mut(vertex), needs.get(vertex)) {
                            *mark = Mark::Open;
                            path.push((vertex, list.iter()));
                        }
                    }
                }
            }
            let Some((vertex, rest)) = path.last_mut() else {
                break;
            };
            match rest.next() {
                Some(need) => next = Some(*need),
                None => {
                    if let Some(mark) = marks.get_mut(*vertex) {
                        *mark = Mark::Done;
                    }
                    order.push(*vertex);
                    path.pop();
                }
            }
        }
    }
    Visit::Order(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_give_an_order_or_the_circle() {
        let cases: [(&[&[usize]], Visit); 6] = [
            (&[], Visit::Order(vec![])),
            (&[&[1], &[2], &[]], Visit::Order(vec![2, 1, 0])),
            (&[&[], &[0], &[0]], Visit::Order(vec![0, 1, 2])),
            (&[&[0]], Visit::Cycle(vec![0, 0])),
            (&[&[1], &[2], &[1]], Visit::Cycle(vec![1, 2, 1])),
            (&[&[9]], Visit::Order(vec![0])),
        ];
        for (needs, expected) in cases {
            let needs: Vec<Vec<usize>> = needs.iter().map(|list| list.to_vec()).collect();
            assert_eq!(visit(&needs), expected, "{needs:?}");
        }
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let length = 1_000_000;
        let needs: Vec<Vec<usize>> = (0..length).map(|index| vec![index + 1]).collect();
        assert!(matches!(visit(&needs), Visit::Order(order) if order.len() == length));
    }
}
