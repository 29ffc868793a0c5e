/** Containers nested deeper than this are refused in both directions. */
export const depthMax = 512

/** The longest text of a value, in UTF-16 units: no limit on results can be set higher. */
export const lengthMax = 64 * 1_048_576

/** The longest BigInt, with its sign: reading longer ones takes more than linear time. */
export const digitsMax = 100_000

type MakeView = new (buffer: ArrayBuffer) => ArrayBufferView

const isMakeView = (View: unknown): View is MakeView => typeof View === "function"

/** Node 22 has none of these. */
const newerViews = ["Float16Array"].flatMap((name): Array<[string, MakeView]> => {
  const View: unknown = Reflect.get(globalThis, name)
  return isMakeView(View) ? [[name, View]] : []
})

const views: ReadonlyMap<string, MakeView> = new Map<string, MakeView>([
  ["Int8Array", Int8Array],
  ["Uint8Array", Uint8Array],
  ["Uint8ClampedArray", Uint8ClampedArray],
  ["Int16Array", Int16Array],
  ["Uint16Array", Uint16Array],
  ["Int32Array", Int32Array],
  ["Uint32Array", Uint32Array],
  ["Float32Array", Float32Array],
  ["Float64Array", Float64Array],
  ["BigInt64Array", BigInt64Array],
  ["BigUint64Array", BigUint64Array],
  ["DataView", DataView],
  ...newerViews
])

export const viewNames: ReadonlyArray<string> = [...views.keys()]

/** A view of bytes as the kind with this name; undefined if there is none, or if so many bytes do not fit it. */
export const makeView = (name: string, bytes: Uint8Array): ArrayBufferView | undefined => {
  const View = views.get(name)
  const size = View !== undefined && "BYTES_PER_ELEMENT" in View ? Number(View.BYTES_PER_ELEMENT) : 1
  if (View === undefined || bytes.length % size !== 0) return undefined
  return new View(new Uint8Array(bytes).buffer)
}

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype)

/** The name by which a view crosses: that of its own kind, whatever class was derived from it. */
export const viewName = (view: ArrayBufferView): string | undefined => {
  const name: unknown =
    view instanceof DataView ? "DataView" : Reflect.get(typedArrayPrototype, Symbol.toStringTag, view)
  return typeof name === "string" && views.has(name) ? name : undefined
}
