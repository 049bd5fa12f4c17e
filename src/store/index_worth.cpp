#include "store/index_worth.h"

#include "store/txn.h"

namespace tacit::store {

Result<void> use_indexes_of_schema_1(WriteTxn& txn) {
  for (const Sql sql :
       {Sql("DROP INDEX item_type_newest"), Sql("DROP INDEX item_project_newest"),
        Sql("DROP INDEX item_project_freshness"), Sql("DROP INDEX item_intent_confidence"),
        Sql("DROP INDEX item_current"), Sql("DROP INDEX item_stale"),
        Sql("DROP INDEX session_project_newest"), Sql("DROP INDEX observation_item_seen"),
        Sql("CREATE INDEX session_project_name ON session(project_name)"),
        Sql("CREATE INDEX observation_item ON observation(item, number)")}) {
    TACIT_TRY(txn.run(sql));
  }
  return {};
}

}  // namespace tacit::store
