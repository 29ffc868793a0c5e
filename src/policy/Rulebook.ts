import * as Pattern from "../capability/Pattern.ts"
import type { Decisive } from "./Policy.ts"
import type { Prepared } from "./Prepared.ts"
import type { Rule, ScopeOf } from "./Rule.ts"
import type { Kind } from "./Subject.ts"

const methodsMax = 1_024

const books = new WeakMap<Decisive, Rulebook>()

/** The rules of a policy, in an order in which those that may be about a subject are found quickly. It remembers methods. */
export class Rulebook {
  readonly #rules: ReadonlyMap<Kind, ReadonlyArray<Rule>>
  readonly #byMethod = new Map<Pattern.Method, ReadonlyArray<Rule>>()

  private constructor(rules: ReadonlyArray<Rule>) {
    this.#rules = Map.groupBy(rules, ({ scope }) => scope.kind)
  }

  /** That of a policy, which is made once. */
  static of(policy: Decisive): Rulebook {
    const book = books.get(policy) ?? new Rulebook(policy.rules)
    books.set(policy, book)
    return book
  }

  /** The rules of the subject's kind; of those about tools, the ones about its method. In the order of their ids. */
  rulesFor(subject: Prepared): ReadonlyArray<Rule> {
    return subject.kind === "tools" && subject.method !== undefined
      ? this.#forMethod(subject.method)
      : (this.#rules.get(subject.kind) ?? [])
  }

  #forMethod(method: Pattern.Method): ReadonlyArray<Rule> {
    const known = this.#byMethod.get(method)
    if (known !== undefined) return known
    const rules = (this.#rules.get("tools") ?? []).filter(({ scope }) =>
      coversMethod(scope as ScopeOf<"tools">, method)
    )
    if (this.#byMethod.size >= methodsMax) this.#byMethod.clear()
    this.#byMethod.set(method, rules)
    return rules
  }
}

const coversMethod = ({ methods }: ScopeOf<"tools">, method: Pattern.Method): boolean =>
  methods.some((pattern) => Pattern.matches(pattern, method))
