{{ sprig_fromJson `{"a":[1,"<"]}` | sprig_toJson }} {{ sprig_dict "a" "<" | sprig_toRawJson }}
{{ sprig_dict "b" 1 "a" (sprig_list) | sprig_toPrettyJson }}
