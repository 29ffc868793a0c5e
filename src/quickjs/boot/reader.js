/**
 * From texts to values. See `src/tool/Value.ts` for the format; this is its reader inside the guest.
 *
 * R1. Values are made of fresh objects, and nothing is assigned to a property that is not its own already: no setter of a
 *     prototype is reached. A key `__proto__` is left out.
 */
;({ intrinsics }) => {
  const { arrayBuffer, BigInt, DataView, Date, defineProperty, Error, fromBase64, hasOwn, includes, isArray } =
    intrinsics
  const { keys, makeWeakMap, Map, mapSet, parse, RangeError, Set, setAdd, TypeError, typedArrays } = intrinsics

  const depthMax = 512

  const define = (target, key, value, enumerable) =>
    defineProperty(target, key, { __proto__: null, value, writable: true, configurable: true, enumerable })

  /** An error whose stack names no boot script. */
  const makeError = (name, message, stack) => {
    const error = new Error(message)
    define(error, "name", name, false)
    define(error, "stack", stack ?? `${name}: ${message}`, false)
    return error
  }

  /** Reasons as the host gave them. Guests see them as a property, which they may change, and may give any other error. */
  const reasons = makeWeakMap()

  const giveReason = (error, reason) => {
    define(error, "reason", reason, true)
    reasons.set(error, reason)
    return error
  }

  /** What is thrown at a guest that asks for more than its limits allow. */
  const limitError = (reason, message) => giveReason(new RangeError(message), reason)

  const malformed = () => {
    throw new TypeError("the text stands for no value")
  }

  /*
   * Containers are found from the outside in and made from the inside out, along a list: recursion would take more stack
   * than a guest has. A record is a container, and where it stands.
   */

  const add = (last, holder, key, depth) => {
    const json = holder[key]
    if (typeof json !== "object" || json === null) return last
    if (depth >= depthMax) throw limitError("TooDeep", `more than ${depthMax} levels of nesting`)
    const record = { holder, key, json, depth, previous: last, next: undefined }
    last.next = record
    return record
  }

  const addItems = (last, items, depth) => {
    if (!isArray(items)) malformed()
    let end = last
    for (let index = 0; index < items.length; index++) end = add(end, items, index, depth)
    return end
  }

  const addPairs = (last, pairs, depth) => {
    if (!isArray(pairs)) malformed()
    let end = last
    for (let index = 0; index < pairs.length; index++) {
      end = addItems(end, pairs[index], depth)
      if (pairs[index].length !== 2) malformed()
    }
    return end
  }

  const addFields = (last, json, depth) => {
    const names = keys(json)
    let end = last
    for (let index = 0; index < names.length; index++) {
      if (names[index] === "__proto__") delete json[names[index]]
      else end = add(end, json, names[index], depth)
    }
    return end
  }

  /** Adds what is in a container behind the last record. */
  const addContents = (last, { depth, json }) => {
    if (isArray(json)) return addItems(last, json, depth + 1)
    if (!hasOwn(json, "$")) return addFields(last, json, depth + 1)
    if (!isArray(json.$)) malformed()
    switch (json.$[0]) {
      case "Map":
      case "Object":
        return addPairs(last, json.$[1], depth + 1)
      case "Set":
        return addItems(last, json.$[1], depth + 1)
      default:
        return last
    }
  }

  const makeObject = (pairs) => {
    const value = {}
    for (let index = 0; index < pairs.length; index++) {
      if (pairs[index][0] !== "__proto__") define(value, pairs[index][0], pairs[index][1], true)
    }
    return value
  }

  const makeMapOf = (pairs) => {
    const value = new Map()
    for (let index = 0; index < pairs.length; index++) mapSet(value, pairs[index][0], pairs[index][1])
    return value
  }

  const makeSetOf = (items) => {
    const value = new Set()
    for (let index = 0; index < items.length; index++) setAdd(value, items[index])
    return value
  }

  const makeBytes = (name, text) => {
    const buffer = arrayBuffer(fromBase64(text))
    if (name === "ArrayBuffer") return buffer
    if (name === "DataView") return new DataView(buffer)
    const View = typedArrays[name]
    return View === undefined ? malformed() : new View(buffer)
  }

  const makeTagged = (name, payload) => {
    switch (name) {
      case "undefined":
        return undefined
      case "Number":
        return +payload
      case "BigInt":
        return BigInt(payload)
      case "Date":
        return new Date(payload ?? NaN)
      case "Object":
        return makeObject(payload)
      case "Map":
        return makeMapOf(payload)
      case "Set":
        return makeSetOf(payload)
      case "Error":
        return makeError(payload.name, payload.message, hasOwn(payload, "stack") ? payload.stack : undefined)
      case "Opaque":
        return payload
      default:
        return makeBytes(name, payload)
    }
  }

  const read = (json) => {
    const root = { value: json }
    const first = { previous: undefined, next: undefined }
    let last = add(first, root, "value", 0)
    for (let record = first.next; record !== undefined; record = record.next) last = addContents(last, record)
    for (let record = last; record !== first; record = record.previous) {
      const { holder, key, json } = record
      if (isArray(json) || !hasOwn(json, "$")) continue
      holder[key] = makeTagged(json.$[0], json.$.length === 2 ? json.$[1] : undefined)
    }
    return root.value
  }

  /** Texts without these stand for what they are in JSON; an escaped character might be one of theirs. */
  const isPlain = (text) => !includes(text, '"$"') && !includes(text, "__proto__") && !includes(text, "\\u00")

  return {
    /** The value of a text, as new objects. What only describes something becomes its description. Throws if there is none. */
    read: (text) => (isPlain(text) ? parse(text) : read(parse(text))),
    define,
    giveReason,
    reasonOf: (error) => reasons.get(error),
    limitError,
    makeError
  }
}
