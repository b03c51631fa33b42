{{ $m := sprig_mustFromJson `{"a":[1,"<"]}` }}{{ $m | sprig_mustToJson }} {{ $m | sprig_mustToRawJson }}
{{ $m | sprig_mustToPrettyJson }}
