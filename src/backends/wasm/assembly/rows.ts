/**
 * The input windows of a convolution, a pooling or a matrix product, one after the other. Windows stand on a grid of up
 * to three axes: `inner` of them `innerStep` bytes apart, then `middle` such rows `middleStep` apart, then `outerStep`.
 */
@unmanaged
export class Grid {
  x: usize;
  inner: i32;
  innerStep: i32;
  middle: i32;
  middleStep: i32;
  outerStep: i32;
}

let cursor: usize = 0;
let rowStart: usize = 0;
let blockStart: usize = 0;
let innerLeft: i32 = 0;
let middleLeft: i32 = 0;

export function firstRow(grid: Grid): void {
  cursor = rowStart = blockStart = grid.x;
  innerLeft = grid.inner;
  middleLeft = grid.middle;
}

/** Where the next window begins. */
// @ts-ignore: decorator
@inline
export function nextRow(grid: Grid): usize {
  const here = cursor;
  if (--innerLeft > 0) cursor = here + <usize>grid.innerStep;
  else turn(grid);
  return here;
}

function turn(grid: Grid): void {
  innerLeft = grid.inner;
  if (--middleLeft > 0) {
    rowStart += <usize>grid.middleStep;
  } else {
    middleLeft = grid.middle;
    blockStart += <usize>grid.outerStep;
    rowStart = blockStart;
  }
  cursor = rowStart;
}
