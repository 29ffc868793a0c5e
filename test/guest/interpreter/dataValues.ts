/** What values of numpy and pandas are on the host's side, on this computer or in a machine. */

const first = new Date("2026-01-01T00:00:00Z")
const second = new Date("2026-01-02T00:00:00Z")

export const imports = "import datetime, numpy, pandas"

/** Dates without a zone are those of the local one, which is UTC in guests. */
export const dataValues: ReadonlyArray<readonly [source: string, value: unknown]> = [
  ["numpy.array(['2026-01-01', 'NaT'], 'M8[ns]')", [first, null]],
  ["numpy.array([['2026-01-01'], ['2026-01-02']], 'M8[s]')", [[first], [second]]],
  ["numpy.array(['2026-01-01'], 'M8[D]')", ["2026-01-01"]],
  ["[numpy.datetime64('2026-01-01', 'ns'), numpy.datetime64('NaT', 'ns')]", [first, null]],
  ["[numpy.timedelta64(-90, 'm'), numpy.timedelta64(5, 'ns')]", ["-P0DT1H30M0S", "P0DT0H0M0S"]],
  ["pandas.Timestamp('2026-01-01 00:00:00.000123456')", first],
  ["pandas.Timestamp('2026-01-01 01:00', tz='Europe/Berlin')", first],
  ["[pandas.NaT, pandas.Timedelta('1d 2.5s'), pandas.Period('2026-01', 'M')]", [null, "P1DT0H0M2.5S", "2026-01"]],
  ["pandas.date_range('2026-01-01', periods=2)", [first, second]],
  ["pandas.date_range('2026-01-01', periods=2, tz='UTC')", [first, second]],
  ["pandas.date_range('2026-01-01', periods=1, tz='UTC').array", [first]],
  [
    "pandas.Series([1, 2], pandas.date_range('2026-01-01', periods=2))",
    { name: null, index: [first, second], data: [1, 2] }
  ],
  [
    "pandas.Series(pandas.to_timedelta([1], 'h'), pandas.period_range('2026-01', periods=1, freq='M'))",
    { name: null, index: ["2026-01"], data: ["P0DT1H0M0S"] }
  ],
  [
    "pandas.DataFrame({'day': pandas.to_datetime(['2026-01-01', None]), 'v': [1, 2]})",
    {
      columns: ["day", "v"],
      index: [0, 1],
      data: [
        [first, 1],
        [null, 2]
      ]
    }
  ],
  ["pandas.DataFrame({'day': pandas.to_datetime(['2026-01-01'])}).to_records()", [[0, first]]]
]
