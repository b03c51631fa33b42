[{{ env "STRONGROOM_TEMPLATE_TEST" }}] [{{ envOrDefault "STRONGROOM_TEMPLATE_NONE" "default" }}] [{{ mustEnv "STRONGROOM_TEMPLATE_TEST" }}]
