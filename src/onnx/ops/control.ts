/** Branches that are settled when the file is converted. */
import { sameShape } from '../emission.ts';
import { identityOrder } from '../value.ts';
import type { Handlers } from './handler.ts';
import { select } from './logic.ts';
import { shapeOf } from './shape.ts';

export const control: Handlers = {
  /**
   * Takes the branch whose condition is known; the other one need not be understood then. Where the input decides, both
   * are computed, and the results of one are taken: branches only compute, so nobody can tell.
   */
  If(node, to) {
    const condition = node.required(0);
    const known = to.constantOf(condition)?.data;
    const [yes, no] = [node.graph('then_branch'), node.graph('else_branch')];
    if (known?.length === 1) return to.branch(known[0] !== 0 ? yes : no);
    const flag = to.reshape(to.arrange(node.tensor(0), identityOrder(node.tensor(0).shape.length)), []);
    const [ifSo, otherwise] = [to.branch(yes), to.branch(no)];
    return ifSo.map((value, i) => {
      const [a, b] = [shapeOf(value), shapeOf(otherwise[i])];
      if (!sameShape(a, b))
        node.fail(
          `its condition is only known once the input is, and output ${i} is [${a.join(', ')}] or ` +
            `[${b.join(', ')}] then; where it follows from an input or from an open axis, give that a value (--input ` +
            'NAME=VALUE, --dim NAME=NUMBER)',
        );
      return select(to.tensorValue(flag), value, otherwise[i], to);
    });
  },
};
