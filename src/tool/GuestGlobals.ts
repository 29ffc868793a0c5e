/** What a guest finds without any tool, in some tier or other: no tool's name begins with one of these. */
export const guestGlobals: ReadonlySet<string> = new Set([
  ...["AggregateError", "Array", "ArrayBuffer", "AsyncDisposableStack", "Atomics", "BigInt", "BigInt64Array"],
  ...["BigUint64Array", "Boolean", "DataView", "Date", "DisposableStack", "Error", "EvalError", "FinalizationRegistry"],
  ...["Float16Array", "Float32Array", "Float64Array", "Function", "Infinity", "Int16Array", "Int32Array", "Int8Array"],
  ...["Intl", "Iterator", "JSON", "Map", "Math", "NaN", "Number", "Object", "Promise", "Proxy", "RangeError"],
  ...["ReferenceError", "Reflect", "RegExp", "Set", "SharedArrayBuffer", "String", "SuppressedError", "Symbol"],
  ...["SyntaxError", "Temporal", "TypeError", "URIError", "Uint16Array", "Uint32Array", "Uint8Array"],
  ...["Uint8ClampedArray", "WeakMap", "WeakRef", "WeakSet", "WebAssembly", "decodeURI", "decodeURIComponent"],
  ...[
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "globalThis",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "unescape"
  ],
  ...[
    "AbortController",
    "AbortSignal",
    "Blob",
    "Buffer",
    "DOMException",
    "Event",
    "EventTarget",
    "FormData",
    "Headers"
  ],
  ...["InternalError", "MessageChannel", "Request", "Response", "TextDecoder", "TextEncoder", "URL", "URLSearchParams"],
  ...["WebSocket", "atob", "btoa", "clearImmediate", "clearInterval", "clearTimeout", "console", "crypto", "exports"],
  ...["fetch", "global", "module", "navigator", "performance", "process", "queueMicrotask", "require", "self"],
  ...["setImmediate", "setInterval", "setTimeout", "structuredClone", "window"],
  ...["fs", "getToolInfo", "listTools", "shell", "sleep", "tools"]
])
