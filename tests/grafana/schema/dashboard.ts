// What a dashboard of this project may consist of: Grafana's own types, with everything that they leave open closed. A
// JSON file that compiles as a `Dashboard` has no misspelt option, no value of a wrong type, and no setting that
// belongs to another kind of panel.
import type * as grafana from '@grafana/schema';
import type { Options as BarGauge } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen.d.ts';
import type { Options as Gauge } from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen.d.ts';
import type {
  FieldConfig as HeatmapField,
  Options as Heatmap,
} from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen.d.ts';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen.d.ts';
import type {
  FieldConfig as StateTimelineField,
  Options as StateTimeline,
} from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen.d.ts';
import type {
  FieldConfig as TableField,
  Options as Table,
} from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen.d.ts';
import type {
  FieldConfig as TimeSeriesField,
  Options as TimeSeries,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.d.ts';

// A type as it looks in JSON, where the value of an enumeration is its text.
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends readonly (infer Element)[]
      ? Json<Element>[]
      : T extends object
        ? { [Key in keyof T]: Json<T[Key]> }
        : T;

interface Source {
  type: 'prometheus';
  uid: '${datasource}';
}

// @grafana/schema describes the queries of many data sources, but not those of Prometheus.
interface Query {
  refId: string;
  datasource: Source;
  editorMode: 'code';
  expr: string;
  legendFormat: string;
  format: 'time_series' | 'table' | 'heatmap';
  instant: boolean;
  range: boolean;
}

interface Link {
  title: string;
  url: string;
  targetBlank: boolean;
}

type Override<Custom> =
  | { id: 'unit'; value: string }
  | { id: 'decimals'; value: number }
  | { id: 'color'; value: Json<grafana.FieldColor> }
  | { id: 'thresholds'; value: Json<grafana.ThresholdsConfig> }
  | { id: 'mappings'; value: Json<grafana.ValueMapping>[] }
  | { id: 'links'; value: Link[] }
  | { [Key in keyof Custom & string]-?: { id: `custom.${Key}`; value: Json<Custom[Key]> } }[keyof Custom & string];

type Transformation =
  | {
      id: 'configFromData';
      options: { configRefId: string; mappings: { fieldName: string; handlerKey: 'max' | 'threshold1' }[] };
    }
  | { id: 'merge'; options: Record<string, never> }
  | { id: 'filterFieldsByName'; options: { include: { names: string[] } } }
  | {
      id: 'organize';
      options: {
        excludeByName: Record<string, boolean>;
        indexByName: Record<string, number>;
        renameByName: Record<string, string>;
      };
    };

interface Panel<Kind extends string, Options, Custom> {
  id: number;
  type: Kind;
  title: string;
  description: string;
  datasource: Source;
  gridPos: { h: number; w: number; x: number; y: number };
  targets: Query[];
  transformations?: Transformation[];
  options: Json<Options>;
  fieldConfig: {
    defaults: Omit<Json<grafana.FieldConfig>, 'custom' | 'links'> & { custom?: Json<Custom>; links?: Link[] };
    overrides: {
      matcher: { id: 'byName' | 'byRegexp'; options: string };
      properties: Override<Custom>[];
    }[];
  };
}

type AnyPanel =
  | Panel<'stat', Stat, object>
  | Panel<'gauge', Gauge, object>
  | Panel<'bargauge', BarGauge, object>
  | Panel<'timeseries', TimeSeries, TimeSeriesField>
  | Panel<'table', Table, TableField>
  | Panel<'state-timeline', StateTimeline, StateTimelineField>
  | Panel<'heatmap', Heatmap, HeatmapField>;

type Row = Omit<Json<grafana.RowPanel>, 'panels'> & { panels: AnyPanel[] };

// Grafana's Prometheus adds these to an annotation, outside of its schema.
type Annotation = Json<Omit<grafana.AnnotationQuery, 'target' | 'snapshotData'>> & {
  expr?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
};

// `definition` is the query as the editor of variables shows it.
type Variable = Omit<Json<grafana.VariableModel>, 'query' | 'current'> & {
  query?: string | { query: string; refId: string; qryType: number };
  current?: Json<grafana.VariableOption> | Record<string, never>;
  definition?: string;
  // Of the type adhoc.
  filters?: [];
  baseFilters?: [];
};

export type Dashboard = Omit<Json<grafana.Dashboard>, 'panels' | 'annotations' | 'templating'> & {
  annotations: { list: Annotation[] };
  templating: { list: Variable[] };
  panels: (AnyPanel | Row)[];
};
