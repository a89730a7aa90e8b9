/** The numbers by which kernels are fitted to a GPU. They change how work is divided, never what is computed. */
export interface Tuning {
  /** Invocations of a workgroup of the products that have no tiles. */
  readonly productLanes: number;
  /** From so many tiles on, tiles keep a GPU busy; below, the depth is split over more workgroups. */
  readonly enoughTiles: number;
  /** Rows of fours in a tile whose columns are few, and twice as many as in one whose columns are many: 8 to 64. */
  readonly tileRows: number;
  /** From so many rows on, an invocation may take more of a row and still leave enough for all. */
  readonly manyRows: number;
  /** A GRU's workgroup larger than this leaves too few registers for the rows that are kept. */
  readonly gruInvocations: number;
  /** Into how many parts the rows of a GRU are divided at most. */
  readonly gruParts: number;
}

export const usualTuning: Tuning = {
  productLanes: 64,
  enoughTiles: 48,
  tileRows: 32,
  manyRows: 1 << 15,
  gruInvocations: 768,
  gruParts: 8,
};
