//! Which operations reach a place: a graph of what leads where, walked once.
//!
//! Every pair of places that is compared is a vertex, once for requests and once for responses; operations are where
//! the walk begins. Circles become one vertex each (Tarjan), then sets of operations flow down in one pass. A vertex
//! with one way in shares the set of where it comes from, so the sets of a large document stay small.

use super::report::Direction;
use std::rc::Rc;

/// Where in the graph something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Vertex(pub(super) u32);

/// Which directions pass an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passes {
    pub(super) request: bool,
    pub(super) response: bool,
}

impl Passes {
    pub(super) const BOTH: Self = Passes { request: true, response: true };
}

/// What leads where.
#[derive(Debug, Default)]
pub(super) struct Graph {
    edges: Vec<Vec<u32>>,
    starts: Vec<Vec<u32>>,
}

/// Operations by vertex and direction.
pub(super) struct Reach {
    component: Vec<usize>,
    sets: Vec<Rc<Vec<u32>>>,
}

fn index(vertex: Vertex, direction: Direction) -> usize {
    vertex.0 as usize * 2 + usize::from(direction == Direction::Response)
}

impl Graph {
    pub(super) fn vertex(&mut self) -> Vertex {
        let vertex = Vertex(u32::try_from(self.edges.len() / 2).unwrap_or(u32::MAX / 2));
        for _ in 0..2 {
            self.edges.push(Vec::new());
            self.starts.push(Vec::new());
        }
        vertex
    }

    /// `operation` begins here, in this direction.
    pub(super) fn start(&mut self, vertex: Vertex, direction: Direction, operation: usize) {
        self.starts[index(vertex, direction)].push(u32::try_from(operation).unwrap_or(u32::MAX));
    }

    pub(super) fn edge(&mut self, from: Vertex, to: Vertex, passes: Passes) {
        let ways = [(Direction::Request, passes.request), (Direction::Response, passes.response)];
        for (direction, passes) in ways {
            if passes {
                let target = u32::try_from(index(to, direction)).unwrap_or(u32::MAX);
                self.edges[index(from, direction)].push(target);
            }
        }
    }

    /// The operations that reach each vertex.
    pub(super) fn reach(&self) -> Reach {
        let (component, count) = self.components();
        // Tarjan numbers a component after all that it leads to: from the highest number down is from above.
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (vertex, component) in component.iter().enumerate() {
            members[*component].push(vertex);
        }
        let mut incoming: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut sets: Vec<Rc<Vec<u32>>> = vec![Rc::default(); count];
        for number in (0..count).rev() {
            let mut ways = std::mem::take(&mut incoming[number]);
            ways.sort_unstable();
            ways.dedup();
            let own: Vec<u32> =
                members[number].iter().flat_map(|vertex| self.starts[*vertex].iter().copied()).collect();
            let mut full: Vec<&Rc<Vec<u32>>> =
                ways.iter().map(|way| &sets[*way]).filter(|set| !set.is_empty()).collect();
            full.dedup_by(|a, b| Rc::ptr_eq(a, b));
            sets[number] = match full.as_slice() {
                [only] if own.is_empty() => Rc::clone(only),
                _ => {
                    let mut all: Vec<u32> = full.iter().flat_map(|set| set.iter().copied()).chain(own).collect();
                    all.sort_unstable();
                    all.dedup();
                    Rc::new(all)
                }
            };
            if sets[number].is_empty() {
                continue;
            }
            for vertex in &members[number] {
                for target in &self.edges[*vertex] {
                    let target = component[*target as usize];
                    if target != number {
                        incoming[target].push(number);
                    }
                }
            }
        }
        Reach { component, sets }
    }

    /// Tarjan's strongly connected components, with a list of its own instead of recursion.
    fn components(&self) -> (Vec<usize>, usize) {
        const NEW: usize = usize::MAX;
        let size = self.edges.len();
        let (mut order, mut low) = (vec![NEW; size], vec![0; size]);
        let (mut component, mut count, mut next) = (vec![NEW; size], 0, 0);
        let mut stack = Vec::new();
        for start in 0..size {
            if order[start] != NEW {
                continue;
            }
            let mut open = vec![(start, 0)];
            while let Some((vertex, edge)) = open.pop() {
                if edge == 0 {
                    order[vertex] = next;
                    low[vertex] = next;
                    next += 1;
                    stack.push(vertex);
                }
                if let Some(target) = self.edges[vertex].get(edge) {
                    let target = *target as usize;
                    open.push((vertex, edge + 1));
                    if order[target] == NEW {
                        open.push((target, 0));
                    } else if component[target] == NEW {
                        low[vertex] = low[vertex].min(order[target]);
                    }
                    continue;
                }
                if low[vertex] == order[vertex] {
                    while let Some(member) = stack.pop() {
                        component[member] = count;
                        if member == vertex {
                            break;
                        }
                    }
                    count += 1;
                }
                if let Some((parent, _)) = open.last() {
                    low[*parent] = low[*parent].min(low[vertex]);
                }
            }
        }
        (component, count)
    }
}

impl Reach {
    /// The operations that reach a vertex in a direction, rising.
    pub(super) fn operations(&self, vertex: Vertex, direction: Direction) -> &[u32] {
        &self.sets[self.component[index(vertex, direction)]]
    }
}
