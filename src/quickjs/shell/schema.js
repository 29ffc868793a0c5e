/**
 * Values of JSON Schema, written in words: what a flag may be, what becomes of the text it is given, and what is wrong with it.
 *
 * The host checks arguments against the schema. This is for people: it finds the types of flags, and says what is allowed.
 */
;() => {
  const refsMax = 16

  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value)

  /** A schema with its local reference followed. */
  const resolve = (schema, root) => {
    let at = schema
    for (let count = 0; isObject(at) && typeof at.$ref === "string" && count < refsMax; count++) {
      const segments = at.$ref.split("/").slice(1)
      at = at.$ref.startsWith("#")
        ? segments.reduce((value, key) => value?.[key.replace(/~1/g, "/").replace(/~0/g, "~")], root)
        : {}
    }
    return isObject(at) ? at : {}
  }

  const unions = ["anyOf", "oneOf", "allOf"]

  const alternatives = (schema, root, depth = 0) => {
    const own = resolve(schema, root)
    const others = unions.flatMap((key) => (Array.isArray(own[key]) && depth < refsMax ? own[key] : []))
    return [own, ...others.flatMap((other) => alternatives(other, root, depth + 1))]
  }

  const typeOf = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

  const typesIn = (schema) => {
    if (typeof schema.type === "string") return [schema.type]
    if (Array.isArray(schema.type)) return schema.type
    if (Array.isArray(schema.enum)) return schema.enum.map(typeOf)
    if ("const" in schema) return [typeOf(schema.const)]
    if (isObject(schema.properties)) return ["object"]
    return isObject(schema.items) ? ["array"] : []
  }

  /** The types that a value may have; none stands for any. */
  const types = (schema, root) => [...new Set(alternatives(schema, root).flatMap(typesIn))]

  const find = (schema, root, key) => alternatives(schema, root).find((each) => key in each)?.[key]

  const properties = (schema, root) => {
    const all = alternatives(schema, root).map((each) => (isObject(each.properties) ? each.properties : {}))
    return Object.assign({ __proto__: null }, ...all)
  }

  /** The values that are allowed, if only some are. */
  const choices = (schema, root) => {
    const listed = alternatives(schema, root).flatMap((each) => each.enum ?? ("const" in each ? [each.const] : []))
    return listed.length === 0 ? undefined : listed
  }

  const parseJson = (text) => {
    try {
      return { value: JSON.parse(text) }
    } catch {
      return undefined
    }
  }

  const readers = {
    __proto__: null,
    null: (text) => (text === "null" ? { value: null } : undefined),
    boolean: (text) => (text === "true" || text === "false" ? { value: text === "true" } : undefined),
    integer: (text) => (/^[-+]?\d+$/.test(text) && Number.isSafeInteger(+text) ? { value: +text } : undefined),
    number: (text) => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? { value: +text } : undefined),
    array: (text) => (/^\s*\[/.test(text) ? parseJson(text) : undefined),
    object: (text) => (/^\s*\{/.test(text) ? parseJson(text) : undefined),
    string: (text) => ({ value: text })
  }
  const order = Object.keys(readers)

  const names = {
    __proto__: null,
    integer: "a whole number",
    number: "a number",
    boolean: "true or false",
    null: "null",
    array: "a JSON array",
    object: "a JSON object",
    string: "text"
  }

  const join = (words) =>
    words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}`

  /** What is allowed, in words. */
  const describe = (schema, root) => {
    const listed = choices(schema, root)
    if (listed !== undefined)
      return join(listed.map((choice) => (typeof choice === "string" ? choice : JSON.stringify(choice))))
    const found = types(schema, root)
    return found.length === 0 ? "any value" : join(found.map((type) => names[type] ?? type))
  }

  /** `{ value }` of a text, or `undefined` if it is none that is allowed. */
  const read = (text, schema, root) => {
    const found = types(schema, root)
    const allowed = found.length === 0 ? order : found
    const listed = choices(schema, root)
    for (const type of order) {
      const result = allowed.includes(type) ? readers[type](text) : undefined
      if (result === undefined) continue
      if (listed === undefined || listed.some((choice) => JSON.stringify(choice) === JSON.stringify(result.value)))
        return result
    }
    return undefined
  }

  return {
    describe,
    read,
    resolve,
    types,
    properties,
    choices,
    isObject,
    items: (schema, root) => find(schema, root, "items") ?? {},
    required: (schema, root) => alternatives(schema, root).flatMap((each) => each.required ?? []),
    /** Whether properties are allowed that it does not name. */
    isOpen: (schema, root) => {
      const all = alternatives(schema, root)
      if (all.some((each) => isObject(each.properties))) return all.some((each) => each.additionalProperties)
      return !all.some((each) => each.additionalProperties === false)
    },
    description: (schema, root) => find(schema, root, "description")
  }
}
