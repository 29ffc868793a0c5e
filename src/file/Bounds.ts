/** Bytes that one operation brings or gives. */
export const bytesMax = 67_108_864
/** Entries that one operation brings or gives. */
export const entriesMax = 10_000
