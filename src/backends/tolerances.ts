/** How far two computations of the same thing may lie apart. Largest absolute difference, one owner for all tests. */

/** Same arithmetic in the same order: stream against chunk sizes, one backend against itself. */
export const exact = 0;

/** Same formula in float32, other order of summation: features against Meyda, a stream against its file. */
export const close = 1e-5;

/** One op or one whole model on two backends: hundreds of float32 sums in another order and another exp or tanh. */
export const parity = 1e-4;

/** What a user may ever see between two devices. Labels must be equal all the same. */
export const approximate = 1e-3;
