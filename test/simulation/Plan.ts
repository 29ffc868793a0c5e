import * as Script from "../../src/machine/Script.ts"
import type { Chance } from "./Chance.ts"

/** What a simulated guest does in one run, and what it must come to however often its process dies. */
export type Step =
  | { readonly kind: "read" | "note" | "pay" | "ask"; readonly amount: number }
  | { readonly kind: "sleep"; readonly millis: number }
  | { readonly kind: "all"; readonly amounts: ReadonlyArray<number> }
  | { readonly kind: "race"; readonly amounts: ReadonlyArray<number> }
export type Plan = ReadonlyArray<Step>

export const random = (chance: Chance): Plan =>
  Array.from({ length: 1 + chance.below(5) }, (): Step => {
    const amount = 1 + chance.below(50)
    const amounts = Array.from({ length: 2 + chance.below(3) }, () => 1 + chance.below(50))
    return chance.pick<Step>([
      { kind: "read", amount },
      { kind: "note", amount },
      { kind: "pay", amount },
      { kind: "ask", amount },
      { kind: "sleep", millis: 1 + chance.below(100_000) },
      { kind: "all", amounts },
      { kind: "race", amounts }
    ])
  })

/** A person says yes to even amounts. */
export const isApproved = (amount: number) => amount % 2 === 0

const worth = (step: Step): number => {
  switch (step.kind) {
    case "read":
      return 2 * step.amount
    case "note":
    case "pay":
      return step.amount
    case "ask":
      return isApproved(step.amount) ? step.amount : -1
    case "all":
      return step.amounts.reduce((sum, amount) => sum + amount, 0)
    case "sleep":
    case "race":
      return 0
  }
}

/** What the session's running total is after a plan. */
export const totalAfter = (total: number, plan: Plan): number => plan.reduce((sum, step) => sum + worth(step), total)

function* perform(step: Step): Script.Guest<number> {
  switch (step.kind) {
    case "read":
    case "note":
    case "pay":
      return Number(yield* Script.call(`bank.${step.kind}`, { amount: step.amount }))
    case "ask":
      try {
        return Number(yield* Script.call("bank.ask", { amount: step.amount }))
      } catch {
        return -1
      }
    case "sleep":
      yield* Script.sleep(step.millis)
      return 0
    case "all": {
      const values = yield* Script.all(step.amounts.map((amount) => Script.call("bank.pay", { amount })))
      return values.reduce((sum: number, value) => sum + Number(value), 0)
    }
    case "race":
      yield* Script.race(step.amounts.map((amount) => Script.call("bank.pay", { amount })))
      return 0
  }
}

/** The guest: adds what its steps are worth to a total that the session keeps. */
export function* guest(argument: unknown): Script.Guest<unknown> {
  let total = Number((yield* Script.load("total")) ?? 0)
  for (const step of argument as Plan) total += yield* perform(step)
  yield* Script.store("total", total)
  return total
}
