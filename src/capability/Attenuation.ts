/**
 * Whether one constraint is at least as tight as another.
 *
 * Both are brought into a form without negations of combinations. Then the parent is proved from the child: one by one for
 * what must all hold, case by case for the child's alternatives, and each single check from the child's facts about its place.
 * Every step is sound, so a yes can be relied on. A no may only mean that no proof was found: alternatives of the parent are
 * not combined, places inside one another are not compared, and the search ends after a bounded number of steps.
 */
import type { Check } from "./Check.ts"
import { type Constraint, toRule } from "./Constraint.ts"
import { contradict, decides, type Fact, implies } from "./Implication.ts"
import * as Pointer from "./Pointer.ts"
import { type Rule, type Test, toText } from "./Rule.ts"

const stepsMax = 400_000

/** What holds of an input: a fact about one place, or a combination. */
type Formula =
  | { readonly _tag: "Fact"; readonly place: string; readonly fact: Fact }
  | { readonly _tag: "All"; readonly parts: ReadonlyArray<Formula> }
  | Choice

interface Choice {
  readonly _tag: "Any"
  /** What it says, by which it is known again without being taken apart. */
  readonly text: string
  readonly parts: ReadonlyArray<Formula>
  /** Of a choice between a test that passes and the same one that fails, the test. */
  readonly judged?: Test
}

const all = (parts: ReadonlyArray<Formula>): Formula => ({ _tag: "All", parts })
const any = (text: string, parts: ReadonlyArray<Formula>): Choice => ({ _tag: "Any", text, parts })
const at = (test: Test, fact: Fact): Formula => ({ _tag: "Fact", place: Pointer.format(test.pointer), fact })

/** The fact that a check fails; undefined of one that never does, but errs. */
const failing = (check: Check): Fact | undefined => {
  switch (check.operator) {
    case "lt":
      return { operator: "ge", limit: check.limit }
    case "le":
      return { operator: "gt", limit: check.limit }
    case "gt":
      return { operator: "le", limit: check.limit }
    case "ge":
      return { operator: "lt", limit: check.limit }
    case "length.lt":
      return { operator: "length.ge", limit: check.limit }
    case "length.le":
      return { operator: "length.gt", limit: check.limit }
    case "length.gt":
      return { operator: "length.le", limit: check.limit }
    case "length.ge":
      return { operator: "length.lt", limit: check.limit }
    case "eq":
      return { operator: "ne", limit: check.limit }
    case "ne":
      return { operator: "eq", limit: check.limit }
    case "in":
      return { operator: "notIn", limit: check.limit }
    case "notIn":
      return { operator: "in", limit: check.limit }
    case "exists":
      return undefined
    case "notExists":
      return { operator: "exists", limit: true }
    default:
      return { operator: "not", check }
  }
}

type Placed = Extract<Formula, { readonly _tag: "Fact" }>

interface Premises {
  readonly facts: ReadonlyArray<Placed>
  readonly choices: ReadonlyArray<Choice>
}

/** How much there is to compare in some facts about one place. */
const sizeOf = (facts: ReadonlyArray<Fact>): number =>
  facts.reduce((size, fact) => size + ("limit" in fact && Array.isArray(fact.limit) ? fact.limit.length : 1), 0)

class OutOfSteps {}

/** One search for a proof. It throws `OutOfSteps` when it has taken too long. */
class Proof {
  #steps = 0
  readonly #texts = new Map<Rule, string>()

  #step(cost: number): void {
    this.#steps += cost
    if (this.#steps > stepsMax) throw new OutOfSteps()
  }

  /** What holds if a rule passes. */
  passing(rule: Rule): Formula {
    this.#step(1)
    switch (rule._tag) {
      case "Test":
        return at(rule, rule.check)
      case "All":
        return all(rule.rules.map((part) => this.passing(part)))
      case "Any":
        return any(
          this.#textOf(rule),
          rule.rules.map((part) => this.passing(part))
        )
      case "Not":
        return this.failing(rule.rule)
    }
  }

  /** What holds if a rule fails, which is not when it errs. */
  failing(rule: Rule): Formula {
    this.#step(1)
    switch (rule._tag) {
      case "Test": {
        const fact = failing(rule.check)
        return fact === undefined ? any("never", []) : at(rule, fact)
      }
      case "All":
        return any(
          `not(${this.#textOf(rule)})`,
          rule.rules.map((_, failed) =>
            all(rule.rules.map((part, index) => (index === failed ? this.failing(part) : this.judged(part))))
          )
        )
      case "Any":
        return all(rule.rules.map((part) => this.failing(part)))
      case "Not":
        return this.passing(rule.rule)
    }
  }

  /** What holds if a rule passes or fails. */
  judged(rule: Rule): Formula {
    this.#step(1)
    switch (rule._tag) {
      case "All":
        return all(rule.rules.map((part) => this.judged(part)))
      case "Not":
        return this.judged(rule.rule)
      default: {
        const choice = any(`judged(${this.#textOf(rule)})`, [this.passing(rule), this.failing(rule)])
        return rule._tag === "Test" ? { ...choice, judged: rule } : choice
      }
    }
  }

  /** Whether an input of which all premises hold must be one of which the goal holds. */
  follows(goal: Formula, premises: Premises): boolean {
    this.#step(1)
    if (goal._tag === "All") return goal.parts.every((part) => this.follows(part, premises))
    if (this.#shows(premises, goal)) return true
    const { choices, facts } = premises
    const [choice, ...others] = this.#relevant(choices, goal)
    if (choice === undefined) return this.#isImpossible(facts)
    return choice.parts.every((part) => {
      const more = this.premises(part)
      return this.follows(goal, { facts: [...facts, ...more.facts], choices: [...others, ...more.choices] })
    })
  }

  /** Choices about other places cannot help, but for those of which nothing can hold. */
  #relevant(choices: ReadonlyArray<Choice>, goal: Formula): ReadonlyArray<Choice> {
    const places = new Set(this.#placesOf(goal))
    return choices.filter(
      (choice) => choice.parts.length === 0 || this.#placesOf(choice).some((place) => places.has(place))
    )
  }

  /** Sorts a formula into facts that all hold, and choices of which something holds. */
  premises(formula: Formula): Premises {
    this.#step(1)
    if (formula._tag === "Fact") return { facts: [formula], choices: [] }
    if (formula._tag === "Any") {
      const [first, ...rest] = formula.parts
      return first !== undefined && rest.length === 0 ? this.premises(first) : { facts: [], choices: [formula] }
    }
    const parts = formula.parts.map((part) => this.premises(part))
    return { facts: parts.flatMap(({ facts }) => facts), choices: parts.flatMap(({ choices }) => choices) }
  }

  /** Whether a goal follows without taking choices apart. */
  #shows(premises: Premises, goal: Formula): boolean {
    this.#step(1)
    if (goal._tag === "All") return goal.parts.every((part) => this.#shows(premises, part))
    if (goal._tag === "Any") {
      return this.#offers(premises, goal) || goal.parts.some((part) => this.#shows(premises, part))
    }
    const here = this.#factsAt(premises, goal.place)
    this.#step(sizeOf(here) * sizeOf([goal.fact]))
    return implies(here, goal.fact)
  }

  /** Whether one of the choices is the goal, or it is known that the goal's test can be made. */
  #offers(premises: Premises, { judged, text }: Choice): boolean {
    this.#step(premises.choices.length)
    if (premises.choices.some((choice) => choice.text === text)) return true
    if (judged === undefined) return false
    const here = this.#factsAt(premises, Pointer.format(judged.pointer))
    this.#step(sizeOf(here) * sizeOf([judged.check]))
    return decides(here, judged.check)
  }

  #factsAt({ facts }: Premises, place: string): ReadonlyArray<Fact> {
    this.#step(facts.length)
    return facts.filter((placed) => placed.place === place).map(({ fact }) => fact)
  }

  #isImpossible(facts: ReadonlyArray<Placed>): boolean {
    const places = Map.groupBy(facts, ({ place }) => place)
    return [...places.values()].some((placed) => {
      const here = placed.map(({ fact }) => fact)
      this.#step(sizeOf(here) * here.length)
      return contradict(here)
    })
  }

  #placesOf(formula: Formula): ReadonlyArray<string> {
    this.#step(1)
    return formula._tag === "Fact" ? [formula.place] : formula.parts.flatMap((part) => this.#placesOf(part))
  }

  #textOf(rule: Rule): string {
    const text = this.#texts.get(rule) ?? toText(rule)
    this.#texts.set(rule, text)
    return text
  }
}

/**
 * Whether every input that passes the child passes the parent too. A yes is certain.
 *
 * A check that the child has dropped makes it wider. Constraints that say the same in another order are subsets of each other.
 */
export const isSubsetOf = (child: Constraint, parent: Constraint): boolean => {
  const [narrow, wide] = [toRule(child), toRule(parent)]
  if (toText(narrow) === toText(wide)) return true
  const proof = new Proof()
  try {
    return proof.follows(proof.passing(wide), proof.premises(proof.passing(narrow)))
  } catch (cause) {
    if (cause instanceof OutOfSteps) return false
    throw cause
  }
}
