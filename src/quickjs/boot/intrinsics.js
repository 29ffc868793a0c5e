/**
 * What the boot scripts use of the language, taken before any guest code runs.
 *
 * A boot script is one function: it gets the parts made by the scripts before it and returns its own. Guests share the realm
 * and may change every prototype and every global, so the scripts keep to these rules:
 *
 * K1. Once booted they reach built-ins through this part alone: nothing is looked up on a prototype or a global.
 * K2. Once booted they go through lists by index and through collections by `forEach`, and never append to an array:
 *     iterators, and setters of indexes, are guests' to change. The engine's `JSON.stringify` comes upon such setters with
 *     any object, so they give it strings and numbers only.
 * K3. Where something may throw (no memory, no stack, a guest's getter), the state before it is as it should be after it.
 */
;() => {
  const { atob, btoa } = globalThis
  const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, setPrototypeOf } = Reflect

  /** `method(f)(self, ...rest)` is `f.call(self, ...rest)`. */
  const method = Function.prototype.bind.bind(Function.prototype.call)
  const getter = (prototype, key) => method(getOwnPropertyDescriptor(prototype, key).get)

  const guarded = (collection, prototype, keys) => {
    for (const key of keys) defineProperty(collection, key, getOwnPropertyDescriptor(prototype, key))
    setPrototypeOf(collection, null)
    return collection
  }
  const shared = ["has", "delete", "clear", "forEach", "size"]

  return {
    __proto__: null,
    method,
    apply,
    defineProperty,
    getOwnPropertyDescriptor,
    getPrototypeOf,
    ownKeys,
    freeze: Object.freeze,
    keys: Object.keys,
    is: Object.is,
    isArray: Array.isArray,
    isError: Error.isError,
    isView: ArrayBuffer.isView,
    hasOwn: Object.hasOwn,
    isPrototypeOf: method(Object.prototype.isPrototypeOf),

    /** Puts an item into an array without asking setters. */
    place: (list, index, value) =>
      defineProperty(list, index, { __proto__: null, value, writable: true, configurable: true, enumerable: true }),

    /** Maps and sets that keep their methods, whatever becomes of their prototypes. Made while booting only. */
    makeMap: () => guarded(new Map(), Map.prototype, ["get", "set", ...shared]),
    makeSet: () => guarded(new Set(), Set.prototype, ["add", ...shared]),
    makeWeakMap: () => guarded(new WeakMap(), WeakMap.prototype, ["get", "set"]),

    parse: JSON.parse,
    stringify: JSON.stringify,
    BigInt,
    Number,
    parseFloat,
    parseInt,
    charCodeAt: method(String.prototype.charCodeAt),
    includes: method(String.prototype.includes),
    indexOf: method(String.prototype.indexOf),
    padEnd: method(String.prototype.padEnd),
    repeat: method(String.prototype.repeat),
    slice: method(String.prototype.slice),
    symbolText: method(Symbol.prototype.toString),
    functionText: method(Function.prototype.toString),
    regExpText: method(RegExp.prototype.toString),

    now: Date.now,
    Date,
    dateMillis: method(Date.prototype.getTime),
    dateText: method(Date.prototype.toISOString),
    Map,
    mapSet: method(Map.prototype.set),
    mapForEach: method(Map.prototype.forEach),
    mapSize: getter(Map.prototype, "size"),
    Set,
    setAdd: method(Set.prototype.add),
    setForEach: method(Set.prototype.forEach),
    setSize: getter(Set.prototype, "size"),

    bufferLength: getter(ArrayBuffer.prototype, "byteLength"),
    DataView,
    viewBuffer: getter(DataView.prototype, "buffer"),
    viewOffset: getter(DataView.prototype, "byteOffset"),
    viewLength: getter(DataView.prototype, "byteLength"),
    Uint8Array,
    arrayKind: getter(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag),
    arrayBuffer: getter(getPrototypeOf(Uint8Array.prototype), "buffer"),
    arrayOffset: getter(getPrototypeOf(Uint8Array.prototype), "byteOffset"),
    arrayBytes: getter(getPrototypeOf(Uint8Array.prototype), "byteLength"),
    arrayLength: getter(getPrototypeOf(Uint8Array.prototype), "length"),
    toBase64: method(Uint8Array.prototype.toBase64),
    fromBase64: Uint8Array.fromBase64,
    /** Base64 of a text of one character per byte, and back. */
    bytesText: btoa,
    textBytes: atob,
    typedArrays: {
      __proto__: null,
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float16Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array
    },

    Error,
    AggregateError,
    RangeError,
    TypeError,

    Promise,
    promiseThen: method(Promise.prototype.then),
    promiseResolve: Promise.resolve.bind(Promise),
    promiseReject: Promise.reject.bind(Promise),
    promiseRace: Promise.race,
    promiseAny: Promise.any,

    imul: Math.imul,
    max: Math.max,
    min: Math.min,
    trunc: Math.trunc,

    Proxy,
    global: globalThis,
    species: Symbol.species,
    prototypes: {
      __proto__: null,
      Array: Array.prototype,
      ArrayBuffer: ArrayBuffer.prototype,
      DataView: DataView.prototype,
      Date: Date.prototype,
      Error: Error.prototype,
      Map: Map.prototype,
      Object: Object.prototype,
      Promise: Promise.prototype,
      RegExp: RegExp.prototype,
      Set: Set.prototype
    }
  }
}
