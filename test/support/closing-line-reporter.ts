import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

const STDOUT = 1;

/**
 * Ends a run with the line `Tests: N passed, N failed[, N skipped]`, for people and for machines. A file that
 * cannot be loaded and an error outside any test count as one failed test each. Under CI=true a skipped
 * test makes the run fail.
 */
export function createClosingLineReporter({ failOnSkipped }: { failOnSkipped: boolean }): Reporter {
  let lines: string[] = [];

  return {
    onInit() {
      // at the very end: vitest itself may still have something to say after the tests
      process.once('exit', () => {
        if (lines.length > 0) writeSync(STDOUT, `${lines.join('\n')}\n`);
      });
    },
    onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]) {
      const tests = modules.flatMap((module) => [...module.children.allTests()]);
      const inState = (...states: string[]) => tests.filter((test) => states.includes(test.result().state));
      const broken = modules.reduce((sum, module) => sum + module.errors().length, 0) + unhandled.length;
      const passed = inState('passed').length;
      const failed = inState('failed').length + broken;
      // pending: not reached, because the run was cut short
      const skipped = inState('skipped', 'pending');
      lines = [];
      if (failOnSkipped && skipped.length > 0) {
        process.exitCode = 1;
        lines.push('A test may not be skipped under CI=true:');
        lines.push(...skipped.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}`));
      }
      const end = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
      lines.push(`Tests: ${passed} passed, ${failed} failed${end}`);
    },
  };
}
