/** One line of a benchmark's answer. A name with `-vs-` is a speed ratio: above 1, this project is the faster one. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What computed: `cpu`, `webgpu (adapter)`, `null` for the backend that computes nothing. */
  readonly device: string;
}
