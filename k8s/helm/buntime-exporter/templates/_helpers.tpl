{{- define "exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What the names of rules and dashboards begin with. */}}
{{- define "exporter.prefix" -}}
{{- include "exporter.fullname" . | trimSuffix "-exporter" -}}
{{- end -}}

{{- define "exporter.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "exporter.labels" -}}
{{ include "exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: exporter
app.kubernetes.io/part-of: buntime
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "exporter.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "exporter.fullname" .) -}}
{{- end -}}

{{/* A file of rules as alerts/generate.py writes it with the flags of these values. */}}
{{- define "exporter.rules" -}}
{{- $text := regexReplaceAll "(?m)^( +runbook_url: )/" .text (printf "${1}%s/" (trimSuffix "/" .values.runbookBase)) -}}
{{- $text = regexReplaceAll "(?m)^( +dashboard_url: )/" $text (printf "${1}%s/" (trimSuffix "/" .values.grafanaBase)) -}}
{{- ternary $text (regexReplaceAll "(?m)^ +keep_firing_for: .*\n" $text "") .values.keepFiring -}}
{{- end -}}

{{- define "exporter.resources" -}}
{{- if .Values.resources -}}
{{ toYaml .Values.resources }}
{{- else -}}
requests:
  cpu: 10m
  memory: 16Mi
# No limit of processor time: a throttled scrape is a late one.
limits:
  memory: {{ ternary "256Mi" "160Mi" (eq .Values.mode "fleet") }}
{{- end -}}
{{- end -}}
