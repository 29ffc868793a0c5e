/**
 * The rules that a machine keeps by itself, because its guest cannot wait for the host to be asked: those about commands and
 * files. They are chosen when a run starts, travel with it, and are recorded with it, so that a replay decides the same.
 *
 * Plain data, with patterns as they were written. What decides nothing is left out: conditions that were met, rules that only
 * report, kinds of which everything is allowed.
 */
import * as Schema from "effect/Schema"
import type { Policy } from "../Policy.ts"
import { decisions, type Rule, unmet } from "../Rule.ts"
import { unparsableOf } from "../Settle.ts"
import type { Context } from "../Subject.ts"

const Decision = Schema.Literals(decisions)
const Texts = Schema.Array(Schema.String)

const rule = { id: Schema.String, effect: Decision, reason: Schema.optionalKey(Schema.String) }

const CommandRules = Schema.Struct({
  default: Decision,
  /** What becomes of a script that cannot be seen through; absent, nothing. */
  unparsable: Schema.optionalKey(Schema.Literals(["deny", "ask"])),
  rules: Schema.Array(Schema.Struct({ ...rule, patterns: Texts }))
})
export type CommandRules = typeof CommandRules.Type

const FileRules = Schema.Struct({
  default: Decision,
  rules: Schema.Array(
    Schema.Struct({ ...rule, access: Schema.Array(Schema.Literals(["read", "write"])), paths: Texts })
  )
})
export type FileRules = typeof FileRules.Type

/** What a policy says of commands and files. A kind that is absent is allowed. */
const PolicyRules = Schema.Struct({
  /** The version of its decisions. */
  id: Schema.String,
  name: Schema.String,
  commands: Schema.optionalKey(CommandRules),
  files: Schema.optionalKey(FileRules)
})
export type PolicyRules = typeof PolicyRules.Type

/** The folders of one token, with everything below them. */
const TokenRules = Schema.Struct({
  /** For people: `token tok_…`. */
  layer: Schema.String,
  read: Texts,
  write: Texts,
  /** From then on it gives nothing; milliseconds since the epoch. */
  expiresMillis: Schema.optionalKey(Schema.Finite)
})
export type TokenRules = typeof TokenRules.Type

export const MachineRules = Schema.Struct({
  policy: Schema.optionalKey(PolicyRules),
  /** Each of them must let a file through. */
  tokens: Schema.optionalKey(Schema.Array(TokenRules))
})
export type MachineRules = typeof MachineRules.Type

const worded = ({ effect, id, reason }: Rule & { readonly effect: CommandRules["default"] }) => ({
  id,
  effect,
  ...(reason === undefined ? {} : { reason })
})

const decides = (rule: Rule): rule is Rule & { readonly effect: CommandRules["default"] } => rule.effect !== "detect"

/** Whether no subject is refused. */
const isIdle = (fallback: CommandRules["default"], rules: ReadonlyArray<Rule>): boolean =>
  fallback === "allow" && rules.every(({ effect }) => effect === "allow" || effect === "detect")

/** Rules under other conditions count for scripts that cannot be seen through. */
const commandRules = (policy: Policy, met: ReadonlyArray<Rule>): CommandRules | undefined => {
  const own = met.filter(({ scope }) => scope.kind === "commands")
  const unparsable = unparsableOf(policy)
  if (isIdle(policy.defaults.commands, own) && unparsable === "allow") return undefined
  const rules = own
    .filter(decides)
    .flatMap((rule) =>
      rule.scope.kind === "commands" ? [{ ...worded(rule), patterns: rule.scope.patterns.map(({ text }) => text) }] : []
    )
  return {
    default: policy.defaults.commands,
    ...(unparsable === "allow" ? {} : { unparsable }),
    rules
  }
}

const fileRules = (policy: Policy, met: ReadonlyArray<Rule>): FileRules | undefined => {
  const own = met.filter(({ scope }) => scope.kind === "files")
  if (isIdle(policy.defaults.files, own)) return undefined
  const rules = own
    .filter(decides)
    .flatMap((rule) =>
      rule.scope.kind === "files"
        ? [{ ...worded(rule), access: rule.scope.access, paths: rule.scope.paths.map(({ text }) => text) }]
        : []
    )
  return { default: policy.defaults.files, rules }
}

const policyRules = (policy: Policy, context: Context): PolicyRules | undefined => {
  const met = policy.rules.filter(({ when }) => unmet(when, context) === undefined)
  const commands = commandRules(policy, met)
  const files = fileRules(policy, met)
  if (commands === undefined && files === undefined) return undefined
  return {
    id: policy.id,
    name: policy.name,
    ...(commands === undefined ? {} : { commands }),
    ...(files === undefined ? {} : { files })
  }
}

/** What a policy and tokens say of commands and files to who asks; undefined if they leave everything to the guest. */
export const rulesFor = (
  policy: Policy | undefined,
  context: Context,
  tokens: ReadonlyArray<TokenRules>
): MachineRules | undefined => {
  const ofPolicy = policy === undefined ? undefined : policyRules(policy, context)
  if (ofPolicy === undefined && tokens.length === 0) return undefined
  return {
    ...(ofPolicy === undefined ? {} : { policy: ofPolicy }),
    ...(tokens.length === 0 ? {} : { tokens })
  }
}
