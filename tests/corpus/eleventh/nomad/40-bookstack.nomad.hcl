job "bookstack" {
  group "bookstack" {
    task "bookstack" {
      driver = "docker"
      config {
        image = "lscr.io/linuxserver/bookstack:24.10.3"
      }
      env {
        APP_URL      = "https://docs.example.org"
        APP_KEY      = "base64:CEIzgerDr47SgGfZhueQs9RzwlX9Lp3y0BZC29BrEKU="
        DB_HOST      = "mariadb.service.consul"
        DB_USERNAME  = "bookstack"
        DB_PASSWORD  = "buecherwurm7"
        MAIL_DRIVER  = "smtp"
        MAIL_USERNAME = "docs@example.org"
        MAIL_PASSWORD = "re_K6dG1vAU_3lW1XkslkqStJ5ax4Bt6sHrJ"
        AUTH_METHOD  = "saml2"
        SAML2_IDP_x509 = "MIIC4UWSTCzcIP87fiHDu5kwYFWuwdzqvCeOxVtEgPhX/3GGknCjHVfbvpaAbRol7OU2"
        SAML2_SP_x509_KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQguYUkqO8x4otXYzOKKqpmqyLEwiu0qITQFvd35ur+GWdfVGAvJ5CUFSG2xWwmQdvbgcHEIKSQNWmlTY7ug9JTXF+xmg/ZyZYVZsL3CnRciYJiqwrt9aZuVTf8T0OyWuZ5+Eh2N7TDWESmlojxQTzjgWMvIz0ZCstNbDWAFYQNID3CHIxgiZNKBplaa/YFzFaotMM/L5Wu7Q7Uuh7Ai/6EzfQFnXAiVt1wUh+3RN3WD8bWJCLijJaWjdHfigGQOw33DaaOiaLrV1fFI2odpM4mhqSm1U4o48t2dEdmiiJfIACXkp8WebXyi5ClC3bCOkDovHTp5QBVuB7OIFqb4eaCUIugsKiZSUO7DLoFpc76JPCetTrxRa7ItsaV+2i4XY2GWdK8ic/vdiFbup0dXqAzgk5xwWJXq7dFCUut0MXaayB/DB6+URhQ68TeX9jFhiOUIL4S5OQ3BxnFjkz+r6PmIlWj9Z1N/QHH2tZ//lk+2hn5Fe9RI+fhQtBnDxIOO9vO4mlPQwXHNLXsWK4N8QvU2VzKv8oeO8Av9xrcGZeYoboisnnFvDm/k1mBzHIBKJuJW0oQ5cSseum80idRmeomZ1HLQFfAdb9EQjOUDPgQpTAdtqJV1MJ6pZs80Zjp4nvy/9GWxnCC9cYsqRxxIogbwxDu21na20JL9kFx36C5UFikZA1rzfTE8hI5L3q84TCrY6Z3nsCfAGPKViJ82e4Qxu++h1QPSmlOmbge+BztfVAMzdH8wmzsKzq9WNQ4GPTHeaVqoGWzg+f4hjPPYrDFZexDiJilbNBbEg6rfbYlIiHJ+k+lTVc/WDBMkwh1iaZJFHE81843R6eEPbyk4gCDcaiunkNDmsVxtIUiDGZUILVWs9Izv0Js0e2XeQcn01B8Ui1LJGG+pjgMadOxm7XB8TVRDJ2LH+c4m/4wNGZPO/RZ+BX7rjxWxru/52+OsDOx/iKwsW7yxTg8zpeIKv9nCkT5H79X2FY7sDFa7snEwSasjSaft3Apm6OiM0hKfhYvIzYPJvnP7zJwLfIU9kgRg9CcOJ15Mcg+Yc0qi6GgpYGvlioWS2zYDHY8nTHjAZ7dGEVmlZh7oeQr24rndHbkNiXBHDa4/LHWiCcKwCY13KpQArm7/KAHR27jcbSL7dyltkxx7L7KF8eJeFtqguqdMoF70Nr+8tXYwSOThe10k6K/uVdw9T+BOBnjuqTPRU5Dqiz/ALCF8fbbycc3PlgiNt0bvwvAmWy/R3BmLDTol35XFjaiZLJw7gU3jQgtv8Tidi9+qsP1lEwgAUttlCrzZgPBiPe4HJRGprE9BIsUQbx52eVHn5wheRgoVQsxKXa4p1ubYv88lETi503iIgUPbmqmuStQH6ffAjHSxC1pQriWZVASFLT0CHlYEkZrSCQbYQQBPqnXyYUHTYimQEtt8320Ljm4MygaYyYohpUoarb58usSzbQZoaea5YkKdFsnTrmU/q5lVNqvSvBSuujuM8xsKDmujWmAOC48aTY5noSrJsMxICiuq2T8aGJVS0ls6RuToz8+XqbPQaWQBxnfoRR/xTjE+YZpDB5m="
        SAML2_USER_TO_GROUPS = "true"
        STORAGE_TYPE = "local_secure"
        SESSION_COOKIE_NAME = "bookstack_session"
        SESSION_LIFETIME    = "240"
        API_REQUESTS_PER_MIN = "180"
        LDAP_PASS    = "null"
      }
    }
    task "drawio" {
      driver = "docker"
      config {
        image = "jgraph/drawio:24.7.17"
      }
      env {
        KEYSTORE_PASS = "changeit"
        KEY_PASS      = "zeichen2553"
        DRAWIO_GITLAB_ID     = "5f5855663d5ab4f51c6291d3ff44de265026ddbfe8d7d1acd3248a271c8ed7a8"
        DRAWIO_GITLAB_SECRET = "5e515659cba3d521df3b6687fae2d4019e617627341070933f44fd0f86815e40"
      }
    }
  }
}
