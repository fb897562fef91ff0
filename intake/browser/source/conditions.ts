/** When an answer opens a question: the same rule as `Condition.holds` in intake/report/questionnaire.py. */

/** Whether `answers` meet a show_if such as "kind:deport or now:any"; an unanswered field is absent from them. */
export function holds(showIf: string, answers: ReadonlyMap<string, unknown>): boolean {
  return showIf.split(" or ").some((condition) => {
    const [field = "", code] = condition.split(":");
    const answer = answers.get(field);
    if (answer === undefined) return false;
    return code === "any" || (Array.isArray(answer) ? answer.includes(code) : answer === code);
  });
}
