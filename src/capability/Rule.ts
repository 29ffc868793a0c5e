/** A constraint in the form in which it is judged: tests of single values, and combinations of rules. */
import * as Schema from "effect/Schema"
import { type Check, describe, judge as judgeValue, type Outcome, opposite } from "./Check.ts"
import * as Pointer from "./Pointer.ts"

export interface Test {
  readonly _tag: "Test"
  readonly pointer: Pointer.Pointer
  readonly check: Check
}

export type Rule =
  | Test
  | { readonly _tag: "All"; readonly rules: ReadonlyArray<Rule> }
  | { readonly _tag: "Any"; readonly rules: ReadonlyArray<Rule> }
  | { readonly _tag: "Not"; readonly rule: Rule }

/** The check that an input did not pass. It tells the type of what was found there, and never the value. */
export class Violation extends Schema.TaggedError<Violation>()("Violation", {
  /** JSON pointer into the input; empty for a combination that concerns several places. */
  parameter: Schema.String,
  /** The operator as the constraint has it; that of a length is `length.le`, of a negated one `not le`. */
  operator: Schema.String,
  /** The operator's limit; of a combination, its parts in words. */
  limit: Schema.Unknown,
  foundType: Schema.String,
  text: Schema.String
}) {
  override get message() {
    return this.text
  }
}

type Why = ConstructorParameters<typeof Violation>[0]

/** Why an input did not pass is put into words only where somebody asks. */
type Judgement =
  | { readonly outcome: "pass"; readonly why?: undefined }
  | { readonly outcome: "fail" | "error"; readonly why: () => Why }

const partsShown = 3
const wordsShown = 240

const shorten = (words: string): string =>
  words.length > wordsShown ? `${words.slice(0, wordsShown).toWellFormed()}…` : words

const joined = (parts: ReadonlyArray<string>, conjunction: string): string =>
  shorten([...parts.slice(0, partsShown), ...(parts.length > partsShown ? ["…"] : [])].join(conjunction))

const nameOf = (pointer: Pointer.Pointer): string =>
  JSON.stringify(pointer.length === 1 ? pointer[0] : Pointer.format(pointer))

const inWords = (rule: Rule): string => {
  switch (rule._tag) {
    case "Test":
      return `${nameOf(rule.pointer)} ${describe(rule.check)}`
    case "All":
      return rule.rules.length === 0 ? "anything" : joined(rule.rules.map(inWords), " and ")
    case "Any":
      return rule.rules.length === 0 ? "nothing" : `(${joined(rule.rules.map(inWords), " or ")})`
    case "Not":
      return `not (${inWords(rule.rule)})`
  }
}

const withArticle = (type: string): string => {
  if (type === "null") return type
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

const outcomeOf = (check: Check, found: Pointer.Found): Outcome => {
  if (found._tag === "Present") return judgeValue(check, found.value)
  return found._tag === "Missing" && check.operator === "notExists" ? "pass" : "error"
}

const typeOf = (found: Pointer.Found): string => {
  if (found._tag === "Present") return Pointer.typeName(found.value)
  return found._tag === "Missing" ? "missing" : found.type
}

const foundInWords = (found: Pointer.Found): string => {
  if (found._tag === "Missing") return "it is missing"
  const place = found._tag === "Blocked" && found.at !== "" ? ` at ${JSON.stringify(found.at)}` : ""
  return `found ${withArticle(typeOf(found))}${place}`
}

const judgeTest = ({ check, pointer }: Test, input: unknown, isWanted: boolean): Judgement => {
  const found = Pointer.find(input, pointer)
  const outcome = isWanted ? outcomeOf(check, found) : opposite(outcomeOf(check, found))
  if (outcome === "pass") return { outcome }
  const must = isWanted ? "must be" : "must not be"
  const why = (): Why => ({
    parameter: Pointer.format(pointer),
    operator: isWanted ? check.operator : `not ${check.operator}`,
    limit: check.limit,
    foundType: typeOf(found),
    text: `${nameOf(pointer)} ${must} ${describe(check)}; ${foundInWords(found)}`
  })
  return { outcome, why }
}

const isFailed = (judgement: Judgement): judgement is Exclude<Judgement, { outcome: "pass" }> =>
  judgement.outcome !== "pass"

const judgeAll = (rules: ReadonlyArray<Rule>, input: unknown): Judgement => {
  const failed = rules.map((rule) => judge(rule, input)).filter(isFailed)
  const [first] = failed
  if (first === undefined) return { outcome: "pass" }
  return { outcome: failed.some(({ outcome }) => outcome === "error") ? "error" : "fail", why: first.why }
}

const judgeAny = (rules: ReadonlyArray<Rule>, input: unknown): Judgement => {
  const judgements = rules.map((rule) => judge(rule, input))
  const failed = judgements.filter(isFailed)
  if (failed.length < judgements.length) return { outcome: "pass" }
  const [first] = failed
  if (failed.length === 1 && first !== undefined) return first
  const why = (): Why => ({
    parameter: "",
    operator: "or",
    limit: inWords({ _tag: "Any", rules }),
    foundType: Pointer.typeName(input),
    text:
      failed.length === 0
        ? "no alternative is allowed"
        : joined(
            failed.map(({ why }) => why().text),
            ", or "
          )
  })
  return { outcome: failed.some(({ outcome }) => outcome === "error") ? "error" : "fail", why }
}

const judgeNot = (rule: Rule, input: unknown): Judgement => {
  if (rule._tag === "Test") return judgeTest(rule, input, false)
  const judgement = judge(rule, input)
  if (judgement.outcome === "error") return judgement
  if (judgement.outcome === "fail") return { outcome: "pass" }
  const why = (): Why => {
    const words = shorten(inWords(rule))
    return {
      parameter: "",
      operator: "not",
      limit: words,
      foundType: Pointer.typeName(input),
      text: `there must not be ${words}`
    }
  }
  return { outcome: "fail", why }
}

/** Judges an input. All tests are made, so that an error is found wherever it is. */
export const judge = (rule: Rule, input: unknown): Judgement => {
  switch (rule._tag) {
    case "Test":
      return judgeTest(rule, input, true)
    case "All":
      return judgeAll(rule.rules, input)
    case "Any":
      return judgeAny(rule.rules, input)
    case "Not":
      return judgeNot(rule.rule, input)
  }
}

const setText = (items: ReadonlyArray<string>): string => [...new Set(items)].sort().join(",")

/** A text that rules have in common which say the same in another order. */
export const toText = (rule: Rule): string => {
  switch (rule._tag) {
    case "Test": {
      const { limit, operator } = rule.check
      const shown = Array.isArray(limit)
        ? `[${setText(limit.map((item) => JSON.stringify(item)))}]`
        : JSON.stringify(limit)
      return `${JSON.stringify(Pointer.format(rule.pointer))} ${operator} ${shown}`
    }
    case "All":
      return `all(${setText(rule.rules.map(toText))})`
    case "Any":
      return `any(${setText(rule.rules.map(toText))})`
    case "Not":
      return `not(${toText(rule.rule)})`
  }
}
