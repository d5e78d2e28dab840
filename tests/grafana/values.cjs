// Usage: node values.cjs < questions.json > answers.json
// What a value looks like in a panel, asked of Grafana's own @grafana/data: its text, its colour and, for no data at all, what is
// said instead. A question is {panel, name, value, thresholds}: `name` is that of the series, a `value` of null means that there is
// no series, `thresholds` are those that came with the data.
globalThis.window = globalThis;
globalThis.location = {};
globalThis.navigator ??= { language: 'en-US', languages: ['en-US'] };
const data = require('@grafana/data');
const { defaultDashboard } = require('@grafana/schema');

const theme = data.createTheme();
const hex = data.colorManipulator.asHexString;
// The settings that decide about text and colour; Grafana itself registers them when it starts.
const property = (path) => ({ id: path, path, name: path, process: (value) => value, shouldApply: () => true });
const settings = ['unit', 'decimals', 'min', 'max', 'noValue', 'mappings', 'thresholds', 'color', 'links'].map(property);
data.standardFieldConfigEditorRegistry.setInit(() => settings);

// As Grafana reads the JSON of a dashboard: the first threshold has no value.
function read(fieldConfig) {
  const copy = structuredClone(fieldConfig);
  const all = [copy.defaults.thresholds, ...copy.overrides.flatMap((each) => each.properties.filter((p) => p.id === 'thresholds').map((p) => p.value))];
  for (const thresholds of all.filter(Boolean)) {
    thresholds.steps[0].value = -Infinity;
  }
  return copy;
}

function ask({ panel, name, value, thresholds }) {
  const fieldConfig = read(panel.fieldConfig);
  const field = { name, type: data.FieldType.number, config: thresholds ? { thresholds: { mode: 'absolute', steps: [{ value: -Infinity, color: 'green' }, ...thresholds] } } : {}, values: [value] };
  const frames = data.applyFieldOverrides({
    data: value === null ? [] : [{ name, fields: [field], length: 1 }],
    fieldConfig, replaceVariables: (text) => text, theme, timeZone: 'utc',
  });
  const [found] = data.getFieldDisplayValues({
    data: frames, fieldConfig, theme, timeZone: 'utc', replaceVariables: (text) => text,
    reduceOptions: { values: false, calcs: ['lastNotNull'] },
  });
  const color = frames.length && !/thresholds/.test(fieldConfig.defaults.color.mode) ? data.getFieldSeriesColor(frames[0].fields[0], theme).color : found.display.color;
  return { text: data.formattedValueToString(found.display), color: hex(color) };
}

const questions = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const colors = Object.fromEntries(['red', 'orange', 'yellow', 'green', 'blue', 'text'].map((name) => [name, hex(theme.visualization.getColorByName(name))]));
const units = data.getValueFormats().flatMap((group) => group.submenu.map((unit) => unit.value));
console.log(JSON.stringify({ schemaVersion: defaultDashboard.schemaVersion, colors, units, answers: questions.map(ask) }));
