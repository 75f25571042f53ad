/** From a score on, this is how often it was right: steps in the order of their scores, each surer than the last. */
export type Calibration = { from: number; confidence: number }[];

export interface Judged {
  score: number;
  isRight: boolean;
}

/**
 * What a score was worth among predictions whose truth is known: isotonic regression, by pooling adjacent
 * violators. A step begins halfway from the last score of the one before; before all of them is 0, for which
 * nothing speaks. A few that were all right are not yet certain: each step is reckoned with one more of either kind.
 */
export function calibrate(judged: Judged[]): Calibration {
  const steps = [{ first: 0, last: 0, right: 0, all: 1 }];
  const inOrder = judged.filter(({ score }) => score > 0).sort((one, other) => one.score - other.score);
  for (const { score, isRight } of inOrder) {
    let step = { first: score, last: score, right: Number(isRight), all: 1 };
    for (let before = steps.at(-1); before; before = steps.at(-1)) {
      if (before.last !== score && before.right * step.all < step.right * before.all) break;
      steps.pop();
      step = {
        first: before.first,
        last: step.last,
        right: before.right + step.right,
        all: before.all + step.all,
      };
    }
    steps.push(step);
  }
  let least = 0;
  return steps.map(({ first, right, all }, i) => {
    least = right === 0 ? 0 : Math.max(least, (right + 1) / (all + 2));
    return { from: (first + (steps[i - 1]?.last ?? first)) / 2, confidence: least };
  });
}

/** How sure a score is, 0 to 1. */
export function confidenceOf(calibration: Calibration, score: number): number {
  return calibration.findLast(({ from }) => from <= score)?.confidence ?? 0;
}
