/** Branches that are settled when the file is converted. */
import type { Handlers } from './handler.ts';

export const control: Handlers = {
  /** Takes the branch whose condition is known; the other one need not be understood. */
  If(node, to) {
    const condition = to.constantOf(node.required(0));
    if (condition?.data.length !== 1)
      return node.fail(
        'its condition is only known once the input is; where it follows from an input or from an open axis, give that a value (--input NAME=VALUE, --dim NAME=NUMBER)',
      );
    const [yes, no] = [node.graph('then_branch'), node.graph('else_branch')];
    return to.branch(condition.data[0] !== 0 ? yes : no);
  },
};
