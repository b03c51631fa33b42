job "report-dispatch" {
  type        = "batch"
  datacenters = ["gru"]

  parameterized {
    payload       = "optional"
    meta_required = ["cliente", "periodo"]
    meta_optional = ["token_override"]
  }

  meta {
    periodo      = "mensal"
    portal_login = "relatorios"
    portal_senha = "jabuticaba#44"
    secret_ref   = "kv/relatorios/portal"
  }

  group "report" {
    task "render" {
      driver = "docker"
      dispatch_payload {
        file = "pedido.json"
      }
      config {
        image   = "registry.contabilviva.com.br/relatorios:1.9"
        command = "/bin/bash"
        args    = ["-lc", "render --in /local/pedido.json && swaks --server smtplw.com.br --auth LOGIN --auth-user contabilviva --auth-password P1tanga.Doce --to $NOMAD_META_cliente"]
      }
      env {
        CLIENTE        = "${NOMAD_META_cliente}"
        ORACLE_DSN     = "oracle://REL:manga_rosa_1@ora.contabilviva.com.br:1521/?service_name=CONTAB"
        ORACLE_WALLET  = "/opt/oracle/wallet"
        PDF_OWNER_PASSWORD = "dono-do-pdf-2024"
        ZENVIA_TOKEN   = "RBYbN6eh2qHDdDclb6YXanhQUHc7rnyonHoLlGpeTWf7DZpPu8nJ"
        ASSINATURA_KEY_ALIAS = "contabilviva-a3"
      }
    }

    task "notify" {
      driver = "docker"
      lifecycle {
        hook = "poststop"
      }
      config {
        image      = "alpine:3.19"
        entrypoint = ["sh", "-c"]
        args       = ["wget -qO- --post-data 'chat_id=-1001196671483&text=pronto' 'https://api.telegram.org/bot8687698612:AA6LjREQI7EmIr3KSyMGEkRNJoU0VeWx2ru/sendMessage'"]
      }
    }
  }
}
