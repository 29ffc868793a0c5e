/**
 * Values as people read them, much as Node's console shows them. It shows guests their own values: guest code that changes
 * what it relies on fools only itself. Getters are not called.
 */
;({ intrinsics, promises, text }) => {
  const { arrayKind, arrayLength, bufferLength, dateMillis, dateText, getOwnPropertyDescriptor, hasOwn } = intrinsics
  const { indexOf, is, isArray, isError, isPrototypeOf, mapForEach, mapSize, min, ownKeys, prototypes } = intrinsics
  const { regExpText, setForEach, setSize, slice, symbolText } = intrinsics

  const depthMax = 4
  const itemsMax = 100
  const textMax = 65_536
  const width = 72
  const packedFrom = 7

  /*
   * A sheet is a text under way, and `room` how much longer it may get. A list holds the entries of one container. A frame is
   * a container that is being shown.
   */

  const makeList = () => ({ __proto__: null, length: 0, characters: 0, isBroken: false })

  const add = (sheet, list, entry) => {
    sheet.room -= entry.length + 2
    list[list.length++] = entry
    list.characters += entry.length + 2
    list.isBroken ||= indexOf(entry, "\n") >= 0
  }

  const inLines = (list, indent) => {
    let lines = ""
    for (let index = 0; index < list.length; index++) {
      lines += `${index === 0 ? "" : ","}\n${indent}  ${list[index]}`
    }
    return lines
  }

  const inFullLines = (list, indent) => {
    let lines = ""
    let column = width
    for (let index = 0; index < list.length; index++) {
      const entry = index < list.length - 1 ? `${list[index]},` : list[index]
      const isNext = column + entry.length >= width
      lines += isNext ? `\n${indent}  ${entry}` : ` ${entry}`
      column = isNext ? entry.length : column + entry.length + 1
    }
    return lines
  }

  const layOut = (label, brackets, list, indent) => {
    const start = label === "" ? brackets[0] : `${label} ${brackets[0]}`
    if (list.length === 0) return start + brackets[1]
    if (!list.isBroken && indent.length + start.length + list.characters <= width) {
      let line = `${start} ${list[0]}`
      for (let index = 1; index < list.length; index++) line += `, ${list[index]}`
      return `${line} ${brackets[1]}`
    }
    const isDense = brackets === "[]" && !list.isBroken && list.length >= packedFrom
    const lines = isDense && list.characters < list.length * 18 ? inFullLines(list, indent) : inLines(list, indent)
    return `${start}${lines}\n${indent}${brackets[1]}`
  }

  const show = (sheet, frame, value) => {
    switch (typeof value) {
      case "string":
        return text.quote(value)
      case "number":
        return is(value, -0) ? "-0" : `${value}`
      case "bigint":
        return `${value}n`
      case "symbol":
        return symbolText(value)
      case "function":
        return text.functionLabel(value)
      case "object":
        return value === null ? "null" : showObject(sheet, frame, value)
      default:
        return `${value}`
    }
  }

  const showObject = (sheet, above, value) => {
    for (let frame = above; frame !== undefined; frame = frame.above) if (frame.value === value) return "[Circular]"
    const depth = above === undefined ? 0 : above.depth + 1
    const name = text.className(value)
    if (depth > depthMax) return `[${isArray(value) ? "Array" : (name ?? "Object")}]`
    if (sheet.room <= 0) return "..."
    const indent = above === undefined ? "" : `${above.indent}  `
    return showKind(sheet, { above, depth, indent, value }, name)
  }

  const showItems = (sheet, frame, label, length) => {
    const { indent, value } = frame
    const list = makeList()
    const count = min(length, itemsMax)
    for (let index = 0; index < count && sheet.room > 0; index++) {
      add(sheet, list, hasOwn(value, index) ? show(sheet, frame, value[index]) : "<empty item>")
    }
    if (length > list.length) add(sheet, list, `... ${length - list.length} more items`)
    return layOut(label, "[]", list, indent)
  }

  const showEntries = (sheet, frame, label, size, forEach, entry) => {
    const list = makeList()
    let count = 0
    forEach(frame.value, (item, key) => {
      if (count++ < itemsMax && sheet.room > 0) add(sheet, list, entry(item, key))
    })
    if (size > list.length) add(sheet, list, `... ${size - list.length} more items`)
    return layOut(label, "{}", list, frame.indent)
  }

  const showProperty = (sheet, frame, key) => {
    const { get, set, value } = getOwnPropertyDescriptor(frame.value, key)
    if (get === undefined && set === undefined) return `${text.key(key)}: ${show(sheet, frame, value)}`
    return `${text.key(key)}: [${get === undefined ? "Setter" : set === undefined ? "Getter" : "Getter/Setter"}]`
  }

  const listProperties = (sheet, frame) => {
    const keys = ownKeys(frame.value)
    const list = makeList()
    let hidden = 0
    for (let index = 0; index < keys.length; index++) {
      if (getOwnPropertyDescriptor(frame.value, keys[index])?.enumerable !== true) continue
      if (list.length < itemsMax && sheet.room > 0) add(sheet, list, showProperty(sheet, frame, keys[index]))
      else hidden++
    }
    if (hidden > 0) add(sheet, list, `... ${hidden} more properties`)
    return list
  }

  const showError = (sheet, frame) => {
    const { name, message, stack } = frame.value
    const header = `${typeof name === "string" && name !== "" ? name : "Error"}${message ? `: ${message}` : ""}`
    const frames = text.guestFrames(stack)
    const whole = indexOf(frames, header) === 0 ? frames : `${header}${frames === "" ? "" : `\n${frames}`}`
    sheet.room -= whole.length
    const label = text.replace(slice(whole, 0, textMax), "\n", `\n${frame.indent}`)
    const list = listProperties(sheet, frame)
    if (hasOwn(frame.value, "cause")) add(sheet, list, `[cause]: ${show(sheet, frame, frame.value.cause)}`)
    const start = frame.above === undefined ? label : `[${label}]`
    return list.length === 0 ? start : layOut(start, "{}", list, frame.indent)
  }

  const ownRead = (prototype, read, value) => {
    if (!isPrototypeOf(prototype, value)) return undefined
    try {
      return read(value)
    } catch {
      return undefined
    }
  }

  const showKind = (sheet, frame, name) => {
    const { value } = frame
    if (isArray(value)) {
      return showItems(
        sheet,
        frame,
        name === "Array" ? "" : `${name ?? "[Array: null prototype]"}(${value.length})`,
        value.length
      )
    }
    if (name === "Object") return layOut("", "{}", listProperties(sheet, frame), frame.indent)
    if (isError(value)) return showError(sheet, frame)
    if (arrayKind(value) !== undefined)
      return showItems(sheet, frame, `${name}(${arrayLength(value)})`, arrayLength(value))
    const millis = ownRead(prototypes.Date, dateMillis, value)
    if (millis !== undefined) return is(millis, NaN) ? "Invalid Date" : dateText(value)
    const count = ownRead(prototypes.Map, mapSize, value)
    if (count !== undefined) {
      const entry = (item, key) => `${show(sheet, frame, key)} => ${show(sheet, frame, item)}`
      return showEntries(sheet, frame, `${name}(${count})`, count, mapForEach, entry)
    }
    const size = ownRead(prototypes.Set, setSize, value)
    if (size !== undefined) {
      return showEntries(sheet, frame, `${name}(${size})`, size, setForEach, (item) => show(sheet, frame, item))
    }
    const pattern = ownRead(prototypes.RegExp, regExpText, value)
    if (pattern !== undefined) return pattern
    const length = ownRead(prototypes.ArrayBuffer, bufferLength, value)
    if (length !== undefined) return `ArrayBuffer { byteLength: ${length} }`
    if (isPrototypeOf(prototypes.Promise, value)) {
      return `Promise { ${promises.isPending(value) ? "<pending>" : "<state unknown>"} }`
    }
    return layOut(name ?? "[Object: null prototype]", "{}", listProperties(sheet, frame), frame.indent)
  }

  return {
    /** Any value as text of bounded length, strings in quotes. Throws what a proxy throws. */
    show: (value) => slice(show({ room: textMax }, undefined, value), 0, 2 * textMax)
  }
}
