/**
 * Does any value of any option bring out an error that is not ours, or a call that never ends?
 * usage: node --import tsx bench/hostile-options.ts [COUNT] [SEED]     (default 3000)
 */
import { hostileCalls } from '../test/support/hostile.ts';

const count = Number(process.argv[2] ?? 3000);
const { faults, outcomes } = await hostileCalls(count, process.argv[3] ?? '');
console.log(outcomes, `resident ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
for (const fault of faults.slice(0, 20)) console.log(fault);
console.log(`${count} calls, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
