/**
 * From values to texts. See `src/tool/Value.ts` for the format; this is its writer inside the guest.
 *
 * W1. Every property is read once. Getters, and traps of proxies, are guests' and may do whatever guest code may.
 * W2. A text is given up as soon as it is longer than it may be, so that shared parts and sparse arrays cost no more than that.
 * W3. How deep a value is nested makes no difference to the stack, of which a guest has little.
 */
;({ intrinsics, reader }) => {
  const { getOwnPropertyDescriptor, getPrototypeOf, is, isArray, isError, isPrototypeOf, isView } = intrinsics
  const { arrayBuffer, arrayBytes, arrayKind, arrayOffset, bufferLength, dateMillis, keys } = intrinsics
  const { mapForEach, mapSize, prototypes, setForEach, setSize, slice, stringify, symbolText, toBase64, trunc } =
    intrinsics
  const { TypeError, Uint8Array, viewBuffer, viewLength, viewOffset } = intrinsics

  const { limitError } = reader

  /** What is put into words is a level of its own. */
  const depthMax = 512
  const digitsMax = 100_000
  const nameShown = 256
  const nestingMax = 8
  const stepsShown = 8
  const stepShown = 64

  /*
   * One text is written at a time. `subject` begins its complaints; `room` is about how much longer it may get; if it
   * `describes`, what has no text is put into words instead of being refused. `labels` are keys as they are written: most
   * are written often. `nesting` counts calls within calls.
   */
  let subject = ""
  let longest = 0
  let room = 0
  let describes = false
  let labels
  let nesting = 0

  const place = (frame) => {
    let text = ""
    let steps = 0
    for (let at = frame; at !== undefined; at = at.above) {
      if (steps++ === stepsShown) return `…${text}`
      const isLong = typeof at.step === "string" && at.step.length > stepShown
      text = `[${stringify(isLong ? slice(at.step, 0, stepShown) : at.step)}${isLong ? "…" : ""}]${text}`
    }
    return text
  }

  const refuse = (frame, detail) => {
    const at = place(frame)
    throw new TypeError(`${subject}: ${detail}${at === "" ? "" : ` at ${at}`}`)
  }

  const overflow = () => {
    throw limitError("TooLarge", `${subject}: longer than ${longest} characters`)
  }

  /** Containers look whether there still is room, and so does the whole text at its end. */
  const put = (text) => {
    room -= text.length
    return text
  }

  const quote = (text) => (text.length > room ? overflow() : put(stringify(text)))

  const tag = (name, payload) => put(`{"$":["${name}",${payload}]}`)

  const opaque = (frame, description, detail) =>
    describes ? tag("Opaque", stringify(description)) : refuse(frame, detail)

  const functionName = (value) => {
    const name = getOwnPropertyDescriptor(value, "name")?.value
    return typeof name === "string" && name !== "" ? slice(name, 0, nameShown) : "(anonymous)"
  }

  const writeNumber = (value) => {
    if (value - value !== 0) return tag("Number", `"${value}"`)
    return value === 0 && 1 / value < 0 ? tag("Number", '"-0"') : put(`${value}`)
  }

  const writeBigInt = (frame, value) => {
    const digits = `${value}`
    if (digits.length > digitsMax) refuse(frame, `a BigInt of more than ${digitsMax} digits cannot be passed`)
    return tag("BigInt", `"${digits}"`)
  }

  /*
   * A frame is a container of which the beginning is written: `text` up to the item at `index`, whose place is `step`. An
   * object gets a frame with its first item that may need one; most never do.
   *
   * Functions that write give the text, or a frame that waits: its item `waiting` has to be written first. See `whole`.
   */

  const makeFrame = (above, value, items, count, go) => ({
    above,
    depth: above === undefined ? 1 : above.depth + 1,
    value,
    items,
    count,
    go,
    end: "]",
    index: 0,
    step: undefined,
    text: "[",
    waiting: undefined
  })

  const write = (frame, value) => {
    switch (typeof value) {
      case "string":
        return quote(value)
      case "number":
        return writeNumber(value)
      case "boolean":
        return put(value ? "true" : "false")
      case "undefined":
        return put('{"$":["undefined"]}')
      case "bigint":
        return writeBigInt(frame, value)
      case "symbol":
        return opaque(frame, slice(symbolText(value), 0, nameShown), "a symbol cannot be passed")
      case "function":
        return opaque(frame, `[Function ${functionName(value)}]`, "a function cannot be passed")
      default:
        return value === null ? put("null") : writeObject(frame, value)
    }
  }

  const writeObject = (above, value) => {
    for (let frame = above; frame !== undefined; frame = frame.above) {
      if (frame.value === value) return opaque(above, "[Circular]", "the value contains itself")
    }
    const isList = isArray(value)
    if (above !== undefined && above.depth === (describes ? depthMax - 1 : depthMax)) {
      return opaque(above, isList ? "[Array]" : "[Object]", `more than ${depthMax} levels of nesting`)
    }
    if (isList) return goOnList(makeFrame(above, value, value, value.length, goOnList), undefined)
    const prototype = getPrototypeOf(value)
    const isPlain = prototype === prototypes.Object || prototype === null
    return isPlain ? writeFields(above, value, undefined, undefined) : writeInstance(above, value)
  }

  /** The text of what needs no frame, whatever becomes of it. */
  const writeSimple = (value) => {
    if (typeof value === "string") return value.length > room ? undefined : put(stringify(value))
    if (typeof value === "boolean") return value ? "true" : "false"
    const isJson = typeof value === "number" && value - value === 0 && (value !== 0 || 1 / value > 0)
    return isJson ? put(`${value}`) : undefined
  }

  /** Writes an item of a frame, unless that takes too many calls within calls. */
  const writeItem = (frame, item) => {
    if (typeof item !== "object" || item === null) return write(frame, item)
    if (nesting === nestingMax) {
      frame.waiting = item
      return frame
    }
    nesting++
    const written = write(frame, item)
    nesting--
    return written
  }

  const goOnList = (frame, given) => {
    const { count, items } = frame
    let { index, text } = frame
    for (let item = given; ; ) {
      if (item !== undefined) {
        if (index++ > 0) text += ","
        text += item
        if (--room < 0) overflow()
      }
      if (!(index < count)) return text + frame.end
      const value = items[index]
      frame.step = index
      item = writeSimple(value) ?? writeItem(frame, value)
      if (typeof item === "string") continue
      frame.index = index
      frame.text = text
      return item
    }
  }

  /** Keys and values by turns. */
  const goOnEntries = (frame, given) => {
    const { count, items } = frame
    let { index, text } = frame
    for (let item = given; ; ) {
      if (item !== undefined) {
        const isKey = index % 2 === 0
        if (isKey) text += index === 0 ? "[" : ",["
        text += item
        text += isKey ? "," : "]"
        index++
        if (--room < 0) overflow()
      }
      if (index === count) return text + frame.end
      frame.step = trunc(index / 2)
      item = writeItem(frame, items[index])
      if (typeof item === "string") continue
      frame.index = index
      frame.text = text
      return item
    }
  }

  const label = (name) => {
    const written = `${quote(name)}:`
    labels[name] = written
    return written
  }

  const goOnFields = (frame, given) => writeFields(frame.above, frame.value, frame, given)

  const writeFields = (above, value, begun, given) => {
    let frame = begun
    const names = frame === undefined ? keys(value) : frame.items
    const count = names.length
    let index = 0
    let text = "{"
    if (frame === undefined) {
      for (let at = 0; at < count; at++) if (names[at] === "$") return writeMarked(above, value, names)
    } else {
      index = frame.index
      text = frame.text
    }
    for (let item = given; ; ) {
      if (item !== undefined) {
        const key = labels[names[index]] ?? label(names[index])
        index++
        if (text !== "{") text += ","
        text += key
        text += item
        room -= key.length
        if (room < 0) overflow()
      }
      while (index < count && names[index] === "__proto__") index++
      if (index === count) return `${text}}`
      const field = value[names[index]]
      item = writeSimple(field)
      if (item !== undefined) continue
      frame ??= makeFrame(above, value, names, count, goOnFields)
      frame.step = names[index]
      item = writeItem(frame, field)
      if (typeof item === "string") continue
      frame.index = index
      frame.text = text
      return item
    }
  }

  /** An object with a key `$`, which would make it a tag: its fields are pairs. */
  const writeMarked = (above, value, names) => {
    const items = { __proto__: null }
    let count = 0
    for (let index = 0; index < names.length; index++) {
      if (names[index] === "__proto__") continue
      items[count++] = names[index]
      items[count++] = value[names[index]]
    }
    return writeTagged(makeFrame(above, value, items, count, goOnEntries), "Object")
  }

  const writeTagged = (frame, name) => {
    frame.text = `{"$":["${name}",[`
    frame.end = "]]}"
    return frame.go(frame, undefined)
  }

  const writeMap = (above, value) => {
    const items = { __proto__: null }
    let count = 0
    mapForEach(value, (item, key) => {
      items[count++] = key
      items[count++] = item
    })
    return writeTagged(makeFrame(above, value, items, count, goOnEntries), "Map")
  }

  const writeSet = (above, value) => {
    const items = { __proto__: null }
    let count = 0
    setForEach(value, (item) => {
      items[count++] = item
    })
    return writeTagged(makeFrame(above, value, items, count, goOnList), "Set")
  }

  const writeError = ({ message, name }) => {
    const nameText = quote(typeof name === "string" ? name : "Error")
    return `{"$":["Error",{"name":${nameText},"message":${quote(typeof message === "string" ? message : "")}}]}`
  }

  const writeBytes = (name, buffer, offset, length) => {
    if (length > room) overflow()
    return tag(name, `"${toBase64(new Uint8Array(buffer, offset, length))}"`)
  }

  /** What a built-in reads of its own instance, and `undefined` of anything else. */
  const ownRead = (prototype, read, value) => {
    if (!isPrototypeOf(prototype, value)) return undefined
    try {
      return read(value)
    } catch {
      return undefined
    }
  }

  const writeInstance = (above, value) => {
    const kind = arrayKind(value)
    if (kind !== undefined) return writeBytes(kind, arrayBuffer(value), arrayOffset(value), arrayBytes(value))
    if (isView(value)) return writeBytes("DataView", viewBuffer(value), viewOffset(value), viewLength(value))
    if (isError(value)) return writeError(value)
    const millis = ownRead(prototypes.Date, dateMillis, value)
    if (millis !== undefined) return tag("Date", is(millis, NaN) ? "null" : `${millis}`)
    if (ownRead(prototypes.Map, mapSize, value) !== undefined) return writeMap(above, value)
    if (ownRead(prototypes.Set, setSize, value) !== undefined) return writeSet(above, value)
    const length = ownRead(prototypes.ArrayBuffer, bufferLength, value)
    if (length !== undefined) return writeBytes("ArrayBuffer", value, 0, length)
    if (!isPrototypeOf(prototypes.Promise, value)) return writeFields(above, value, undefined, undefined)
    return opaque(above, "[Promise]", "a promise cannot be passed (is an await missing?)")
  }

  const whole = (value) => {
    let frame
    for (let written = write(undefined, value); ; ) {
      if (typeof written !== "string") {
        frame = written
        written = write(frame, frame.waiting)
        continue
      }
      if (frame === undefined) return written
      written = frame.go(frame, written)
      if (typeof written === "string") frame = frame.above
    }
  }

  /** Writes a text on its own. Reading a value may run guest code that has another one written meanwhile. */
  const writeText = (value, lengthMax, what, manner) => {
    const outer = { subject, longest, room, describes, labels, nesting }
    subject = what
    longest = lengthMax
    room = lengthMax
    describes = manner === "describe"
    labels = { __proto__: null }
    nesting = 0
    try {
      const text = whole(value)
      return text.length > lengthMax ? overflow() : text
    } finally {
      subject = outer.subject
      longest = outer.longest
      room = outer.room
      describes = outer.describes
      labels = outer.labels
      nesting = outer.nesting
    }
  }

  return {
    /** The text of a value that is passed on. Throws where it has none; `what` says in which. */
    write: (value, lengthMax, what) => writeText(value, lengthMax, what, "pass"),
    /** The text of a value that is shown: what cannot be passed on is put into words. */
    describe: (value, lengthMax, what) => writeText(value, lengthMax, what, "describe")
  }
}
