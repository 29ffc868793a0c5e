/** Reads the rules of a policy file, and the conditions that they share with its limits. */
import { effects, type Rule, type When } from "../Rule.ts"
import { type Kind, kinds } from "../Subject.ts"
import type { Document, Place } from "./Document.ts"
import * as Field from "./Fields.ts"
import { readScope } from "./ReadScope.ts"

const labelValue = (document: Document, place: Place): string | undefined =>
  Field.textOf(document, place, "a label's value")

const readLabels = (document: Document, place: Place): Readonly<Record<string, ReadonlyArray<string>>> | undefined => {
  const pairs = document.pairs(place, "a mapping of labels and their values")
  return (
    pairs &&
    Object.fromEntries(
      pairs.map(({ name, value }) => [
        name,
        Field.oneOrMore(document, value, "values", (item) => labelValue(document, item)) ?? []
      ])
    )
  )
}

/** The texts under a name, or under its plural. */
const readNames = (document: Document, fields: Field.Fields, name: string): ReadonlyArray<string> | undefined => {
  const [one, more] = [fields.get(name), fields.get(`${name}s`)]
  if (one !== undefined && more !== undefined) document.refuse(more.key, `give ${name} or ${name}s, not both`)
  const given = one ?? more
  return (
    given && Field.oneOrMore(document, given.value, `${name}s`, (item) => Field.textOf(document, item, `a ${name}`))
  )
}

/** Reads conditions. */
export const readWhen = (document: Document, place: Place): When | undefined => {
  const names = ["template", "templates", "tenant", "tenants", "labels"]
  const fields = Field.fieldsOf(document, place, "when", names)
  if (fields === undefined) return undefined
  if (fields.names.length === 0) document.refuse(place, "when has no condition: leave it out if the rule always holds")
  const templates = readNames(document, fields, "template")
  const tenants = readNames(document, fields, "tenant")
  const given = fields.get("labels")
  const labels = given && readLabels(document, given.value)
  return {
    ...(templates === undefined ? {} : { templates }),
    ...(tenants === undefined ? {} : { tenants }),
    ...(labels === undefined ? {} : { labels })
  }
}

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const readId = (document: Document, place: Place): string | undefined => {
  const id = Field.textOf(document, place, "the id of a rule")
  if (id === undefined || idPattern.test(id)) return id
  document.refuse(place, "an id has at most 64 ASCII letters, digits, '.', '_' and '-', the first a letter or digit")
  return undefined
}

const readKind = (document: Document, fields: Field.Fields): Kind | undefined => {
  const [kind, ...others] = kinds.filter((kind) => fields.names.includes(kind))
  if (kind === undefined) document.refuse(fields.place, "the rule is about nothing", { allowed: kinds })
  for (const other of others) {
    const key = fields.get(other)?.key
    if (key !== undefined) document.refuse(key, `the rule is already about ${kind}: make ${other} a rule of its own`)
  }
  const where = fields.get("where")
  if (where !== undefined && kind !== undefined && kind !== "tools") {
    document.refuse(where.key, `where goes with tools, and this rule is about ${kind}`)
  }
  return kind
}

const readRule = (document: Document, place: Place): Rule | undefined => {
  const fields = Field.fieldsOf(document, place, "a rule", ["id", "effect", "when", ...kinds, "where", "reason"])
  if (fields === undefined) return undefined
  const written = {
    id: Field.required(document, fields, "id", "the rule"),
    effect: Field.required(document, fields, "effect", "the rule")
  }
  const id = written.id && readId(document, written.id)
  const effect = written.effect && Field.oneOf(document, written.effect, "effect", effects)
  const kind = readKind(document, fields)
  const about = kind && fields.get(kind)?.value
  const scope = kind && about && readScope(document, kind, about, { effect, where: fields.get("where")?.value })
  const conditions = fields.get("when")
  const when = conditions && readWhen(document, conditions.value)
  const given = fields.get("reason")
  const reason = given && Field.textOf(document, given.value, "a reason")
  if (id === undefined || effect === undefined || scope === undefined) return undefined
  return {
    id,
    effect,
    ...(when === undefined ? {} : { when }),
    scope,
    ...(reason === undefined ? {} : { reason }),
    position: document.positionOf(place)
  }
}

/** Reads the rules, in the order of their ids. An id that occurs twice is told. */
export const readRules = (document: Document, place: Place): ReadonlyArray<Rule> => {
  const places = new Map<string, number>()
  const rules = Field.listOf(document, place, "rules", (item) => {
    const rule = readRule(document, item)
    const line = rule && places.get(rule.id)
    if (line !== undefined)
      document.refuse(item, `the id ${JSON.stringify(rule?.id)} is that of the rule in line ${line}`)
    else if (rule !== undefined) places.set(rule.id, rule.position.line)
    return rule
  })
  return (rules ?? []).toSorted((left, right) => (left.id < right.id ? -1 : 1))
}
