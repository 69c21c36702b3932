"""The words of the field, as ISO 18626 writes them; what that standard lacks is marked ours.

Statuses are ISO 18626 TypeStatus where one exists. Events are what somebody says or does: by a supplier, by a
requester, by a mail system, in our own house, by the clock (design contract, "An event").
"""

from enum import StrEnum


class Role(StrEnum):
    """On which side of the loan we stand."""

    BORROWING = "borrowing"
    LENDING = "lending"


class ServiceType(StrEnum):
    """ISO 18626 TypeServiceType."""

    LOAN = "Loan"
    COPY = "Copy"
    COPY_OR_LOAN = "CopyOrLoan"


class Payment(StrEnum):
    """How one library pays the other. Ours; ISO 18626 has billing methods and payment methods."""

    MONEY = "money"  # ISO Invoice, Account
    VOUCHERS = "vouchers"  # ISO IFLAVoucher
    RECIPROCITY = "reciprocity"  # ISO ReciprocityAgreement: free both ways
    LET_OFF = "let off"  # of a charge only: it was promised, and nothing was sent


class Status(StrEnum):
    """Where a request stands in our house; while we wait for a supplier, the attempt in hand."""

    NEW = "New"  # ours
    REQUESTED = "Requested"  # ours
    REQUEST_RECEIVED = "RequestReceived"
    EXPECT_TO_SUPPLY = "ExpectToSupply"
    WILL_SUPPLY = "WillSupply"
    RETRY_POSSIBLE = "RetryPossible"
    UNFILLED = "Unfilled"
    LOANED = "Loaned"
    RECEIVED = "Received"  # an ISO action, used as a place
    IN_TRANSIT_TO_DESK = "InTransitToDesk"  # ours
    AWAITING_PICKUP = "AwaitingPickup"  # ours
    IN_OFFICE_DELIVERY = "InOfficeDelivery"  # ours
    WITH_PATRON = "WithPatron"  # ours
    RETURNED_BY_PATRON = "ReturnedByPatron"  # ours
    SHIPPED_RETURN = "ShippedReturn"  # an ISO action, used as a place
    LOAN_COMPLETED = "LoanCompleted"
    DIGITIZING = "Digitizing"  # ours
    AWAITING_COPYRIGHT_CLEARANCE = "AwaitingCopyrightClearance"  # ours
    COPY_COMPLETED = "CopyCompleted"
    CANCEL_PENDING = "CancelPending"  # ours
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"  # ours
    COMPLETED_WITHOUT_RETURN = "CompletedWithoutReturn"
    FILLED_LOCALLY = "FilledLocally"  # ours
    FOUND_ONLINE = "FoundOnline"  # ours
    FORWARDED_TO_PURCHASE = "ForwardedToPurchase"  # ours


class Flag(StrEnum):
    """What stands beside the status: an overdue item can lie on a hold shelf. Ours."""

    OVERDUE = "overdue"
    RECALLED = "recalled"
    RENEWAL_PENDING = "renewal pending"
    RENEWAL_UNASKED = "renewal unasked"  # the last wish to renew was the house's own, not the patron's
    DISPUTE = "dispute"
    LIBRARY_USE_ONLY = "library use only"
    NO_RENEWAL = "no renewal"
    DUE_DATE_ASSUMED = "due date assumed"
    WAITED_FOR = "waited for"  # lending: somebody of ours wants it
    PARTS_OUT = "parts out"  # some of several items have come, and others have not
    PART_WAITING = "part waiting"  # a part that came late waits to be fetched, while the patron has others
    INCOMPLETE = "incomplete"  # the patron was asked what the citation lacks, and has not answered
    HOLDINGS_PENDING = "holdings pending"  # the holdings command is to be asked
    ATTENTION = "attention"


class Kind(StrEnum):
    """What a mail is (design contract, `parse`)."""

    PARTNER_REPLY = "partner-reply"
    PARTNER_REQUEST = "partner-request"
    PATRON_MESSAGE = "patron-message"
    WEB_FORM = "web-form"
    STAFF_COMMAND = "staff-command"
    LIBRARY_SYSTEM = "library-system"  # ours: the library system reports check-outs and check-ins
    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    UNKNOWN = "unknown"


class EventName(StrEnum):
    """What somebody said or did about a request."""

    # by a supplier
    REQUEST_RECEIVED = "RequestReceived"
    EXPECT_TO_SUPPLY = "ExpectToSupply"
    WILL_SUPPLY = "WillSupply"
    LOANED = "Loaned"
    COPY_COMPLETED = "CopyCompleted"
    RETRY_POSSIBLE = "RetryPossible"
    UNFILLED = "Unfilled"
    OVERDUE = "Overdue"
    RECALLED = "Recalled"
    LOAN_COMPLETED = "LoanCompleted"
    CANCELLED = "Cancelled"
    CANCEL_REFUSED = "CancelRefused"  # ours: ISO answerYesNo=N to Cancel
    RENEW_ACCEPTED = "RenewAccepted"  # ours: ISO answerYesNo=Y to Renew
    RENEW_REFUSED = "RenewRefused"  # ours: ISO answerYesNo=N to Renew
    NOTIFICATION = "Notification"
    # by a supplier, always left to staff
    DUE_DATE_CHANGED = "DueDateChanged"
    LOST = "Lost"
    DAMAGED = "Damaged"
    NOT_RECEIVED = "NotReceived"
    CLAIMS_RETURNED = "ClaimsReturned"
    COMPLETED_WITHOUT_RETURN = "CompletedWithoutReturn"
    INVOICE = "Invoice"
    # by a requester
    REQUEST = "Request"
    STATUS_REQUEST = "StatusRequest"
    RECEIVED = "Received"
    CANCEL = "Cancel"
    RENEW = "Renew"
    SHIPPED_RETURN = "ShippedReturn"
    CONDITIONS_ACCEPTED = "ConditionsAccepted"
    CONDITIONS_REFUSED = "ConditionsRefused"
    # by a mail system
    DELIVERY_FAILED = "DeliveryFailed"
    DELIVERY_DELAYED = "DeliveryDelayed"
    # in our own house
    READY_FOR_PICKUP = "ReadyForPickup"
    SENT_TO_DESK = "SentToDesk"
    SENT_TO_OFFICE = "SentToOffice"
    CHECKED_OUT = "CheckedOut"
    RETURNED_BY_PATRON = "ReturnedByPatron"
    NEXT_SUPPLIER = "NextSupplier"
    SUPPLIER_INFO = "SupplierInfo"  # ISO 18626 supplierInfo: who holds it, whom to skip, in which order
    ADOPT = "Adopt"  # it came without a request of ours: it becomes one
    DETAILS = "Details"  # ours: what the citation lacked, by the patron who was asked
    COPYRIGHT_CLEARANCE = "AwaitingCopyrightClearance"  # lending a copy: the rights are being asked for
    CLOSE = "Close"
    REOPEN = "Reopen"
    UNDO = "Undo"
    EDIT = "Edit"  # staff put right what stands on the request
    NOTE = "Note"
    # by the clock
    EXPIRED = "Expired"
    NO_ANSWER = "NoAnswer"


class Party(StrEnum):
    """Who is speaking; the letter is the one in a signed reply address."""

    SUPPLIER = "s"
    REQUESTER = "r"
    PATRON = "p"
    STAFF = "t"


ALWAYS_FOR_STAFF = frozenset(
    {
        EventName.DUE_DATE_CHANGED,
        EventName.LOST,
        EventName.DAMAGED,
        EventName.NOT_RECEIVED,
        EventName.CLAIMS_RETURNED,
        EventName.COMPLETED_WITHOUT_RETURN,
        EventName.INVOICE,
    }
)

REASONS_UNFILLED = frozenset(
    {"NonCirculating", "NotAvailableForILL", "NotHeld", "NotOnShelf", "PolicyProblem", "PoorCondition"}
)
REASONS_RETRY = frozenset(
    {
        "AtBindery",
        "CostExceedsMaxCost",
        "CourierNotSupp",
        "MultiVolAvail",
        "MustMeetLoanCondition",
        "NotCurrentAvailableForILL",
        "NotFoundAsCited",
        "OnLoan",
        "OnOrder",
        "ReqDelDateNotPossible",
        "ReqDelMethodNotSupp",
        "ReqEditionNotPossible",
        "ReqFormatNotPossible",
        "ReqPayMethodNotSupported",
        "ReqServLevelNotSupp",
        "ReqServTypeNotPossible",
    }
)
LOAN_CONDITIONS = frozenset(
    {"LibraryUseOnly", "WatchLibraryUseOnly", "NoReproduction", "SignatureRequired", "SpecCollSupervReq"}
)
